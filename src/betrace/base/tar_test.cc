#include "betrace/base/tar.h"

#include <gtest/gtest.h>

namespace betrace {
namespace {

const TarFiles kFiles = {{"a.txt", "one"}, {"folder/b.txt", std::string(1'000, 'b')}, {"c", ""}};

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

}  // namespace
}  // namespace betrace
