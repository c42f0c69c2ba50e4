// Any bytes as an OTLP protobuf request. Seeds are text: `hex:` and the bytes as hex digits.
#include <cstddef>
#include <cstdint>

#include "betrace/base/hex.h"
#include "betrace/otlp/oracle/promises.h"
#include "betrace/otlp/trace_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::uint8_t> bytes;
  if (input.substr(0, 4) == "hex:") {
    std::string_view digits = input.substr(4);
    while (!digits.empty() && digits.back() == '\n') digits.remove_suffix(1);
    bytes.resize(digits.size() / 2);
    if (!betrace::from_hex(digits, bytes)) return 0;
    input = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  static betrace::otlp::TraceReader reader;
  betrace::otlp::oracle::check_promises(reader, input);
  return 0;
}
