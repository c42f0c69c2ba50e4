// Where the ids lie in an encoded request, so that each pass over the load is of new traces.
//
// Found once after encoding, then overwritten in place. Used by traffic.h. Links are left alone:
// only ids that begin with the mark of trace_maker.h are found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/model/ids.h"

namespace betrace::bench {

enum class Encoding : std::uint8_t { Protobuf, Json };

/// Makes new ids out of numbers; a function of its two keys. Immutable.
struct IdKeys {
  std::uint64_t run = 0;   ///< Differs between runs, so that ids never repeat.
  std::uint64_t pass = 0;  ///< Counts the passes of a run.

  /// The id that the made trace `number`, one of `per_pass`, has in this pass.
  [[nodiscard]] model::TraceId trace_id(std::uint64_t number, std::uint64_t per_pass) const;
  /// Changes span ids by exclusive or: distinct ids stay distinct.
  [[nodiscard]] std::uint64_t span_mask() const;
};

/// The ids in one request. Immutable.
class IdSpots {
 public:
  /// Finds the marked ids in a request that otlp::write_protobuf or write_json made.
  IdSpots(std::string_view request, Encoding encoding);

  /// Overwrites the ids in `request`, the one that was searched or as it was overwritten before.
  void overwrite(std::string& request, const IdKeys& keys, std::uint64_t per_pass) const;

 private:
  struct Spot {
    std::uint32_t offset;
    std::uint64_t number;  // of the trace, or the span id as made
  };

  void find_in_protobuf(std::string_view request);
  void find_in_span(std::string_view request, std::string_view span);
  void find_in_json(std::string_view request);

  Encoding encoding_;
  std::vector<Spot> traces_;
  std::vector<Spot> spans_;
};

}  // namespace betrace::bench
