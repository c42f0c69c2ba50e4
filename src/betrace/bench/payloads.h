// Prepared traffic that the benchmarks of a program share.
#pragma once

#include "betrace/bench/traffic.h"

namespace betrace::bench {

/// One wave of 1,000 traces of 20 spans, 560 spans to a request, by 50 plain rules. Made at the
/// first call and kept to the end of the program. One trace in twenty breaks a rule,
/// and one nearly does; if calm, none.
[[nodiscard]] Traffic& shared_payload(Shape shape, Encoding encoding = Encoding::Protobuf,
                                      bool is_calm = false);

}  // namespace betrace::bench
