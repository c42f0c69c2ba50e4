// What ordinary spans of the load look like: the shapes `10a`, `3a` and `mixed`.
//
// `10a` and `3a` have two templates each, a server and a client span with 10 or 3 attributes.
// `mixed` has 200 templates of 50 services with 0-40 attributes, events, links, nested values and
// text beyond ASCII, because two templates flatter every predictor. Used by trace_maker.h.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/bench/draft_trace.h"

namespace betrace::bench {

enum class Shape : std::uint8_t { TenAttributes, ThreeAttributes, Mixed };

/// `10a` `3a` `mixed`
[[nodiscard]] std::string_view name_of(Shape shape) noexcept;
[[nodiscard]] std::optional<Shape> parse_shape(std::string_view name) noexcept;

/// Different values of the attribute `http.route`.
inline constexpr std::size_t kRouteCount = 32;
/// `/api/v1/items-07/{id}`
[[nodiscard]] std::string route_text(std::size_t number);

/// Longest that an ordinary span lasts.
inline constexpr std::chrono::milliseconds kOrdinaryDurationMax{100};

/// Fills spans. Immutable.
class SpanShapes {
 public:
  explicit SpanShapes(Shape shape);

  /// Gives `span` name, kind, status, attributes and resource. `is_server`: it serves a request.
  void fill(bool is_server, DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) const;

 private:
  void fill_server(DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) const;
  void fill_client(DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) const;
  void fill_mixed(bool is_server, DraftTrace& trace, DraftSpan& span,
                  std::mt19937_64& random) const;

  Shape shape_;
  std::vector<std::string> service_names_;
  std::vector<std::string> routes_;
};

}  // namespace betrace::bench
