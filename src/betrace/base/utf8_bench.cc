// utf8/SCRIPT: is a text well-formed? Items are texts of about 40 bytes, as attributes have them.
// utf8/broken: the mistake is in the last character, so that all of it is read.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "betrace/base/utf8.h"

namespace betrace {
namespace {

constexpr std::size_t kTextCount = 1'000;

// Texts of different lengths, so that branches cannot be learnt by heart.
std::vector<std::string> texts_of(const std::string& word, const std::string& end) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kTextCount; ++i) {
    std::string text;
    while (text.size() < 24 + i * 7 % 32) text += word;
    texts.push_back(text + end);
  }
  return texts;
}

void utf8(benchmark::State& state, const std::string& word, const std::string& end, bool is_right) {
  const std::vector<std::string> texts = texts_of(word, end);
  std::size_t right = 0;
  for ([[maybe_unused]] auto one : state) {
    for (const std::string& text : texts) right += is_utf8(text) ? 1 : 0;
  }
  const auto asked = static_cast<std::size_t>(state.iterations()) * kTextCount;
  if (right != (is_right ? asked : 0)) state.SkipWithError("a text was taken for what it is not");
  state.SetItemsProcessed(static_cast<std::int64_t>(asked));
}

BENCHMARK_CAPTURE(utf8, ascii, "order-", "", true)->Name("utf8/ascii");
BENCHMARK_CAPTURE(utf8, cyrillic, "\u0437\u0430\u043a\u0430\u0437-", "", true)
    ->Name("utf8/cyrillic");
BENCHMARK_CAPTURE(utf8, han, "\u8ba2\u5355", "", true)->Name("utf8/han");
BENCHMARK_CAPTURE(utf8, broken, "order-", "\xc3(", false)->Name("utf8/broken");

}  // namespace
}  // namespace betrace
