#include "betrace/base/tar.h"

#include <gtest/gtest.h>

namespace betrace {
namespace {

const TarFiles kFiles = {{"a.txt", "one"}, {"folder/b.txt", std::string(1'000, 'b')}, {"c", ""}};

std::string write_tar(const TarFiles& files) {
  std::string out;
  for (const auto& [name, content] : files) {
    out += tar_header(name, content.size()) + content + tar_padding(content.size());
  }
  return out + tar_end();
}

TEST(TarTest, ReadsWhatItWrote) { EXPECT_EQ(read_tar(write_tar(kFiles)).value(), kFiles); }

TEST(TarTest, AnArchiveThatIsCutOffAnywhereIsRefused) {
  const std::string whole = write_tar(kFiles);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_tar(whole.substr(0, size)).has_value()) << size;
  }
}

TEST(TarTest, AChangedHeaderIsRefused) {
  std::string bytes = write_tar(kFiles);
  bytes[3] ^= 1;
  EXPECT_FALSE(read_tar(bytes).has_value());
}

TEST(TarTest, ASizeOfEightGibibytesIsWrittenAsGnuTarDoes) {
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 33) - 1;
  EXPECT_EQ(tar_header("a", kMost).substr(124, 12), std::string("77777777777\0", 12));
  EXPECT_EQ(tar_header("a", kMost + 1).substr(124, 12),
            std::string("\x80\0\0\0\0\0\0\x02\0\0\0\0", 12));
  EXPECT_EQ(tar_padding(kMost + 1), "");
  EXPECT_EQ(tar_padding(kMost).size(), 1U);
}

}  // namespace
}  // namespace betrace
