// Any bytes as a bundle, and any change of a good one: nothing passes that was not signed.
//
// The input is three texts with a line `----` between them: records, commits, keys. Besides, its
// bytes are read as changes of a bundle that is valid: file, place, and what is put there.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/evidence/testing/test_chain.h"

namespace betrace::evidence {
namespace {

std::string_view cut(std::string_view* text) {
  constexpr std::string_view kBorder = "----\n";
  const std::size_t at = text->find(kBorder);
  const std::string_view part = text->substr(0, at);
  text->remove_prefix(at == std::string_view::npos ? text->size() : at + kBorder.size());
  return part;
}

void check_text(std::string_view input) {
  TestBundle bundle;
  bundle.records = cut(&input);
  bundle.commits = cut(&input);
  bundle.keys = cut(&input);
  if (!input.empty()) bundle.checkpoints.push_back({"checkpoint", std::string(input), true});
  BETRACE_CHECK(exit_code_of(bundle.verify({}).verdict) != 0);
}

void check_changes(std::string_view input) {
  static const TestChain chain = [] {
    TestChain made;
    made.add_group(2);
    made.rotate();
    return made;
  }();
  static const TestBundle whole = chain.bundle();
  TestBundle bundle = whole;
  std::string* const files[] = {&bundle.records, &bundle.commits, &bundle.keys};
  while (input.size() >= 4) {
    const auto byte = [&input](std::size_t i) { return static_cast<unsigned char>(input[i]); };
    std::string& file = *files[byte(0) % 3];
    const std::size_t at = (byte(1) * 256U + byte(2)) % (file.size() + 1);
    if (byte(0) < 128) file.replace(at, at < file.size() ? 1 : 0, 1, input[3]);
    if (byte(0) >= 128) file.erase(at, byte(3));
    input.remove_prefix(4);
  }
  const bool is_same = bundle.records == whole.records && bundle.commits == whole.commits &&
                       bundle.keys == whole.keys;
  VerifyOptions options;
  options.trusted.push_back(chain.fingerprint());
  const bool is_valid = bundle.verify(options).verdict == Verdict::Valid;
  // A part of it, with numbers in keys.json that fit, is a bundle in its own right.
  BETRACE_CHECK(is_valid == is_same || whole.records.find(bundle.records) != std::string::npos);
}

}  // namespace
}  // namespace betrace::evidence

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  betrace::evidence::check_text(input);
  betrace::evidence::check_changes(input);
  return 0;
}
