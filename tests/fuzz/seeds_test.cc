// Goal: a fuzz target passes on each of its seeds, in every build, without libFuzzer.
// Method: this file is compiled once with each x_fuzz.cc; BETRACE_SEEDS is the folder of its seeds.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  EXPECT_EQ(LLVMFuzzerTestOneInput(data, bytes.size()), 0);
}

TEST(FuzzSeedsTest, EverySeedPasses) {
  feed("");
  const std::filesystem::path folder = BETRACE_SEEDS;
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder << " holds no seeds";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    feed(std::string(std::istreambuf_iterator<char>(file), {}));
  }
}

}  // namespace
