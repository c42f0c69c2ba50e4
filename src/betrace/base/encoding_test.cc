// Goal: hex, base64, SHA-256 and UTF-8 are what their standards say, for any bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/base64.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/base/test_seed.h"
#include "betrace/base/utf8.h"
#include "betrace/base/version.h"

namespace betrace {
namespace {

std::string random_bytes(std::mt19937_64& random) {
  std::string bytes(random() % 40, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(HexTest, WritesLowerCaseAndReadsBothCases) {
  const std::array<std::uint8_t, 4> bytes = {0x00, 0x9f, 0xab, 0xff};
  EXPECT_EQ(to_hex(bytes), "009fabff");
  std::array<std::uint8_t, 4> read{};
  EXPECT_TRUE(from_hex("009fABfF", read));
  EXPECT_EQ(read, bytes);
}

TEST(HexTest, RefusesOtherLengthsAndLetters) {
  std::array<std::uint8_t, 2> read{};
  for (const char* text : {"", "00", "0000 ", "00000", "000g", "0x00", "00-0", "000000"}) {
    EXPECT_FALSE(from_hex(text, read)) << text;
  }
  EXPECT_TRUE(from_hex("", std::span<std::uint8_t>()));
}

TEST(HexTest, TakesJustDigitsAtEveryPlace) {
  const std::string_view digits = "0123456789abcdef";
  for (std::size_t place = 0; place < 22; ++place) {
    for (int c = 0; c < 256; ++c) {
      std::string text = "0123456789abcdef012345";
      text[place] = static_cast<char>(c);
      const std::size_t value = digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
      std::array<std::uint8_t, 11> read{};
      ASSERT_EQ(from_hex(text, read), value != std::string_view::npos) << place << " " << c;
      if (value == std::string_view::npos) continue;
      text[place] = digits[value];
      ASSERT_EQ(to_hex(read), text) << place << " " << c;
    }
  }
}

TEST(Base64Test, AgreesWithTheVectorsOfTheStandard) {  // RFC 4648 section 10
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(*from_base64(text), bytes);
  }
}

TEST(Base64Test, ReadsTheUrlAlphabetAndMissingPadding) {
  EXPECT_EQ(*from_base64("-_-_"), *from_base64("+/+/"));
  EXPECT_EQ(*from_base64("Zg"), "f");
}

TEST(Base64Test, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zg=v", "Zm9v Zm9v", "Zm9\n", "====", "Zm9vY"}) {
    EXPECT_FALSE(from_base64(text).has_value()) << text;
  }
}

TEST(EncodingTest, AnyBytesComeBack) {
  const std::uint64_t start = test_seed();
  std::mt19937_64 random(start);
  for (int i = 0; i < 1'000; ++i) {
    const std::string bytes = random_bytes(random);
    EXPECT_EQ(*from_base64(to_base64(bytes)), bytes) << "BETRACE_SEED=" << start;
    const auto* raw = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::vector<std::uint8_t> read(bytes.size());
    EXPECT_TRUE(from_hex(to_hex({raw, bytes.size()}), read)) << "BETRACE_SEED=" << start;
    EXPECT_TRUE(std::equal(read.begin(), read.end(), raw)) << "BETRACE_SEED=" << start;
  }
}

TEST(Sha256Test, AgreesWithTheVectorsOfTheStandard) {  // FIPS 180-4 examples
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Test, ComputesTheHmacOfTheStandard) {  // RFC 4231, test cases 2 and 6
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Utf8Test, AcceptsTheEdgesOfEachLength) {
  for (const char* text : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
                           "twelve ascii letters, then \xc3\xbc"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesOverlongSurrogatesAndTooHigh) {
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82",
        "sixteen letters.\xc3", "\xc3(", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(text)) << to_base64(text);
  }
}

TEST(Utf8Test, FindsABitBeyondAsciiWhereverItIsAndWhateverLiesAroundTheText) {
  constexpr std::size_t kRoom = 160;
  EXPECT_TRUE(is_ascii({}, std::string(kRoom, 'x'))) << "of an absent text nothing is read";
  for (std::size_t begin = 0; begin < kRoom; begin += 7) {
    for (std::size_t size = 0; size <= kRoom - begin; ++size) {
      std::string around(kRoom, '\xFF');
      std::fill_n(around.begin() + static_cast<std::ptrdiff_t>(begin), size, '\x7F');
      const auto text = [&] { return std::string_view(around).substr(begin, size); };
      ASSERT_TRUE(is_ascii(text(), around)) << begin << ' ' << size;
      ASSERT_TRUE(is_ascii(text())) << begin << ' ' << size;
      for (std::size_t at = begin; at < begin + size; ++at) {
        around[at] = '\x80';
        ASSERT_FALSE(is_ascii(text(), around)) << begin << ' ' << size << ' ' << at;
        ASSERT_FALSE(is_ascii(text())) << begin << ' ' << size << ' ' << at;
        around[at] = '\x7F';
      }
    }
  }
}

TEST(Utf8Test, CountsCharactersAndCutsBetweenThem) {
  const std::string text = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80";  // 1 + 2 + 3 + 4 bytes
  EXPECT_EQ(utf8_length(text), 4u);
  const std::array<std::size_t, 11> cut_sizes = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
  for (std::size_t bytes = 0; bytes < cut_sizes.size(); ++bytes) {
    EXPECT_EQ(utf8_prefix(text, bytes).size(), cut_sizes[bytes]) << bytes;
  }
  EXPECT_EQ(utf8_prefix(text, 99), text);
}

TEST(QuoteExcerptTest, EscapesControlsQuotesAndInvalidBytes) {
  EXPECT_EQ(quote_excerpt("a\"b\\c\n\x7f\xff\xc3\xbc"), "a\\\"b\\\\c\\x0a\\x7f\\xff\xc3\xbc");
  EXPECT_EQ(quote_excerpt(std::string("a\0b", 3)), "a\\x00b");
}

TEST(QuoteExcerptTest, CutsAfterCharactersNotBytes) {
  EXPECT_EQ(quote_excerpt("\xc3\xbc\xc3\xbc\xc3\xbc", 2), "\xc3\xbc\xc3\xbc...");
  EXPECT_EQ(quote_excerpt("abc", 3), "abc");
  EXPECT_EQ(quote_excerpt(std::string(100, 'x')), std::string(40, 'x') + "...");
}

TEST(VersionTest, HasThreeNumbers) {
  EXPECT_EQ(version().substr(0, 2), "2.");
  EXPECT_EQ(std::count(version().begin(), version().end(), '.'), 2);
}

}  // namespace
}  // namespace betrace
