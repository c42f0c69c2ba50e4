// Any text as an OTLP/JSON request.
#include <cstddef>
#include <cstdint>

#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/oracle/promises.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static betrace::otlp::JsonTraceReader reader;
  betrace::otlp::oracle::check_promises(
      reader, std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
