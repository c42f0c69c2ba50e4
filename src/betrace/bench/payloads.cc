#include "betrace/bench/payloads.h"

#include <map>
#include <memory>
#include <tuple>

namespace betrace::bench {

Traffic& shared_payload(Shape shape, Encoding encoding, bool is_calm) {
  static const BenchRules rules(50, Vocabulary::Spread, RuleMix::Plain);
  static std::map<std::tuple<Shape, Encoding, bool>, std::unique_ptr<Traffic>> made;
  std::unique_ptr<Traffic>& traffic = made[{shape, encoding, is_calm}];
  if (!traffic) {
    TrafficOptions options;
    options.traces.shape = shape;
    options.encoding = encoding;
    options.interleave = 1'000;
    options.requests_min = 1;
    options.traces.violation_rate =
        is_calm ? 0 : 0.05;  // so that one wave has a scene for every rule
    traffic = std::make_unique<Traffic>(options, rules);
  }
  return *traffic;
}

}  // namespace betrace::bench
