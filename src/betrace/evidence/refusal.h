// Requests that were refused: who asked for what, and why it was not done.
//
// The payload of a `refused` record without its head: equal ones of a minute are one. Format:
// docs/internals/violation_log.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/base/time.h"

namespace betrace::evidence {

struct Refusal {
  std::string actor;       ///< `key:ops`, `anonymous`, ...
  std::string address;     ///< Of the client that was refused first.
  std::string method;      ///< `PUT`
  std::string route;       ///< `/v1/rules/{id}`; `other` for a path that there is not.
  std::string code;        ///< `forbidden`: `error.code` of the answer.
  std::string request_id;  ///< Of the first request.
  int status = 0;
  std::uint64_t count = 0;
  UnixNanos first_time = 0;
  UnixNanos last_time = 0;
};

/// The members of the record besides its head.
[[nodiscard]] Json refusal_members(const Refusal& refusal);

/// Reads a payload. Error Corrupt: it is none of this type.
[[nodiscard]] Result<Refusal> read_refusal(std::string_view payload);

}  // namespace betrace::evidence
