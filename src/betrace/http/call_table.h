// The table that a gRPC listener serves: which path, who may call it, who answers.
//
// ingest/ fills it, the session looks calls up. The protocol is known here, its messages are not:
// a handler gets bytes and returns bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/http/call_head.h"
#include "betrace/http/call_status.h"
#include "betrace/http/route_table.h"

namespace betrace::http {

/// A call whose message is complete and inflated. The views are valid until the handler returns;
/// at least kBodyPaddingBytes of readable zeros follow the message.
struct Call {
  const CallHead& head;
  std::string_view message;
};

/// The message is sent if the status is Ok, and not otherwise.
struct CallReply {
  CallStatus status;
  std::string message;
};

/// Answers a call. Thread-safe; runs on the thread of the connection, so it must not block. An
/// exception that escapes is answered with INTERNAL.
using CallHandler = std::function<CallReply(const Call&)>;

/// May refuse before a message of that size is buffered, and again if it inflates to another size.
using CallAdmission =
    std::function<std::optional<CallStatus>(const CallHead&, std::uint64_t bytes)>;

/// May refuse a call once its method is known: proves the role. May set head.actor. Thread-safe.
struct CallMethod;
using CallAuthorization =
    std::function<std::optional<CallStatus>(CallHead& head, const CallMethod& method)>;

/// One row. Written with designated initialisers.
struct CallMethod {
  std::string path;          ///< `/package.Service/Method`
  std::string label;         ///< Of the metrics: `Export`.
  RequiredRole role;         ///< Has no default.
  CallHandler handler;       ///< Must not be empty.
  CallAdmission admit = {};  ///< Empty: always.
  /// The call stays open: the handler is asked again and again, and its message is sent whenever it
  /// is another one.
  bool is_watch = false;
};

/// Rows, looked up by path. Thread-safe once filled.
class CallTable {
 public:
  /// Requires: no row has the same path.
  void add(CallMethod method);
  void add(std::vector<CallMethod> methods);

  /// Returns the row of that very path, or null. Owner: the table.
  [[nodiscard]] const CallMethod* find(std::string_view path) const noexcept;

 private:
  std::vector<CallMethod> rows_;
};

}  // namespace betrace::http
