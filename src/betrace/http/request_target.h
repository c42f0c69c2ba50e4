// The target of a request line: what may stand there, and the path and query that it means.
//
// Pure functions, used by head_reader. A path that could be read in two ways names nothing here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "betrace/http/message.h"

namespace betrace::http {

/// The pieces of a target, as sent. Owner: the target.
struct TargetView {
  std::string_view authority;  ///< Of the absolute form `http://host/path`, else empty.
  std::string_view path;       ///< Starts with `/`.
  std::string_view query;      ///< Without `?`.
};

/// Returns the pieces of `/path?query` or `http://authority/path?query`, or nothing if it is
/// another form or holds anything but visible ASCII characters, or `#`. Source: RFC 9112 3.2.
[[nodiscard]] std::optional<TargetView> split_target(std::string_view target) noexcept;

/// Decodes percent sequences once. Nothing if one is broken or decodes to `/`, if the path is not
/// UTF-8 or holds a control character, or if it has an empty, `.` or `..` segment (a last empty
/// segment is fine): such a path is answered 404.
[[nodiscard]] std::optional<std::string> decode_path(std::string_view path);

/// Decodes `a=1&b=x%20y`; `+` is a space, empty pairs are skipped. False if a percent sequence is
/// broken.
[[nodiscard]] bool decode_query(std::string_view query, QueryParameters* parameters);

}  // namespace betrace::http
