// The table that a listener serves: which path, method, role, limits, and who answers.
//
// api/ and ingest/ fill it; the server and the auth matrix of the tests read it. It is the only
// source of roles and limits. Does not know how a role is proved: that is a hook of the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/http/error_response.h"
#include "betrace/http/message.h"

namespace betrace::http {

/// What a caller must be allowed to do. Write includes Read, Admin includes all.
enum class Role : std::uint8_t { Public, Ingest, Read, Write, Admin };

/// Which token bucket a request draws from.
enum class RateClass : std::uint8_t { None, Write, Read, Compute, Ingest };

/// Where the handler runs.
enum class RunOn : std::uint8_t {
  Pool,    ///< On the pool of the server: may read disks and take long.
  Inline,  ///< On the thread of the connection: must neither block nor take long.
};

/// The values of the `{name}` parts of a route's path, decoded.
class PathParameters {
 public:
  void add(std::string_view name, std::string_view value) { values_.emplace_back(name, value); }
  /// Requires: the route's path has that part.
  [[nodiscard]] const std::string& at(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// Answers a request. Thread-safe. An exception that escapes is answered with 500 `internal`.
using Handler = std::function<Response(const Request&, const PathParameters&)>;

/// May refuse before the body is read; `bytes` is the declared length, 0 if unknown. Runs on the
/// thread of the connection and must not block.
using Admission = std::function<std::optional<Problem>(const RequestHead&, std::uint64_t bytes)>;

/// A role that must be given: it has no default, so a route without one does not compile.
class RequiredRole {
 public:
  RequiredRole(Role role) noexcept : role_(role) {}  // NOLINT: implicit, so that rows read well
  operator Role() const noexcept { return role_; }   // NOLINT

 private:
  Role role_;
};

/// One row. Written with designated initialisers.
struct Route {
  std::string method;                ///< `GET` answers HEAD too.
  std::string path;                  ///< `/v1/rules/{id}`; a part is one whole segment.
  RequiredRole role;                 ///< Has no default.
  Handler handler;                   ///< Must not be empty.
  std::size_t body_bytes_max = 0;    ///< After inflation; over it 413. 0: takes no body.
  RateClass rate = RateClass::None;  ///< For the authorization hook.
  RunOn run = RunOn::Pool;           ///< Inline for health and the like.
  std::vector<std::string> content_types =
      {};                                     ///< Of a body, in lower case; others 415. Empty: any.
  std::string produces = "application/json";  ///< 406 if Accept excludes it. Empty: no check.
  ErrorFormat error_format = {};              ///< Empty: that of the listener.
  Admission admit = {};                       ///< Empty: always.
};

/// What a table says about a request.
struct RouteMatch {
  enum class Kind : std::uint8_t { Found, NoSuchPath, NoSuchMethod };
  Kind kind = Kind::NoSuchPath;
  /// The row if Found; a row of the same path, for its error format, if NoSuchMethod; else null.
  /// Owner: the table.
  const Route* route = nullptr;
  PathParameters parameters;
  std::string allow;  ///< If NoSuchMethod: `GET, HEAD, PUT`.
};

/// Rows, looked up by method and path. Thread-safe once filled.
class RouteTable {
 public:
  /// Requires: the path starts with `/`, the handler is set, and no row has the same method and
  /// the same path but for the names of its parts.
  void add(Route route);
  void add(std::vector<Route> routes);

  /// Looks up a decoded path. A literal segment wins over a `{part}`, that over a `{rest...}`; a
  /// part matches one segment that is not empty, a rest one or more of any. No slash is folded.
  /// Cost: linear in the rows.
  [[nodiscard]] RouteMatch match(std::string_view method, std::string_view path) const;

  /// In the order of add().
  [[nodiscard]] const std::vector<Route>& rows() const noexcept { return rows_; }

 private:
  std::vector<Route> rows_;
};

}  // namespace betrace::http
