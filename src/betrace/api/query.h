// The parameters of a request, read strictly: a misspelt filter never returns unfiltered data.
//
// A handler asks for each parameter that it knows and then calls finish(), which reports the first
// mistake, or the first parameter that nobody asked for. Source: docs/guide/api.md, "Conventions".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/base/time.h"
#include "betrace/http/message.h"
#include "betrace/model/severity.h"

namespace betrace::api {

/// Reads seconds since 1970 (integer or decimal) or RFC 3339. Error InvalidParameter naming `name`:
/// anything else, and an integer from 100000000000 on, which is milliseconds or finer.
[[nodiscard]] Reply<UnixNanos> parse_time_parameter(std::string_view name, std::string_view text);

/// Where a page of a list begins and how long it is.
struct Page {
  std::uint32_t limit = 0;  ///< 0 = everything
  std::uint64_t offset = 0;
};

/// Each reader takes the value of one name, its default if it is absent, and remembers the first
/// mistake. Borrows the head. One request, one thread.
class QueryReader {
 public:
  explicit QueryReader(const http::RequestHead& head) : parameters_(head.query) {}

  /// `true` `false` `1` `0`
  [[nodiscard]] bool boolean(std::string_view name, bool absent);
  [[nodiscard]] std::optional<bool> optional_boolean(std::string_view name);
  /// Digits, from `min` to `max`.
  [[nodiscard]] std::uint64_t integer(std::string_view name, std::uint64_t absent,
                                      std::uint64_t min, std::uint64_t max);
  [[nodiscard]] std::optional<UnixNanos> time(std::string_view name);
  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  /// All values of a repeatable name, each split at commas; an empty item is a mistake.
  [[nodiscard]] std::vector<std::string> list(std::string_view name);
  /// As list(), of severities in any case.
  [[nodiscard]] std::vector<model::Severity> severities(std::string_view name);
  /// One of `words`, the first of them if it is absent. Returns its index.
  [[nodiscard]] std::size_t choice(std::string_view name,
                                   const std::vector<std::string_view>& words);
  /// `limit` from 1 to `limit_max`, which a default does not pass either, and `offset` from 0 to
  /// `offset_max`.
  [[nodiscard]] Page page(std::uint32_t limit_absent, std::uint32_t limit_max,
                          std::uint64_t offset_max);

  /// Notes a mistake that the caller found in the value of `name`.
  void reject(std::string_view name, std::string_view what);

  /// Returns the first mistake, else UnknownParameter for the first name that was never read.
  [[nodiscard]] std::optional<ApiError> finish() const;

 private:
  [[nodiscard]] std::optional<std::string> single(std::string_view name);
  void fail_with(ApiError error);

  const http::QueryParameters& parameters_;
  std::vector<std::string> known_;
  std::optional<ApiError> mistake_;
};

}  // namespace betrace::api
