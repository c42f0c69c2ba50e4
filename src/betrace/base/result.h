// The one way to fail at run time: Result<T> is a value or an Error.
//
// Used by every module for operating errors. Mistakes in rules are rules/diagnostic.h, bugs are
// base/check.h. No exception crosses a module boundary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace betrace {

/// What kind of failure this is; decides HTTP statuses and exit codes. Never renumber.
enum class ErrorCode : std::uint8_t {
  InvalidArgument = 1,     ///< The caller's input is wrong; repeating it will fail again.
  NotFound = 2,            ///< The named thing does not exist.
  AlreadyExists = 3,       ///< A thing of that name exists already.
  FailedPrecondition = 4,  ///< The input is fine, the state of things forbids it.
  LimitExceeded = 5,       ///< A documented limit would be exceeded.
  Unavailable = 6,         ///< Try again later: overload, starting, stopping.
  StorageFailed = 7,       ///< An I/O error or a full disk; nothing was changed.
  StorageUncertain = 8,    ///< An I/O error; whether the change is on disk is unknown.
  Corrupt = 9,             ///< Stored bytes are not what was written.
  Unsupported = 10,        ///< A form that this version does not know, such as a newer format.
  Internal = 11,           ///< A defect of BeTrace.
};

/// A failure. `message` is one lowercase clause without a full stop and names the field.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

/// Returns the failure, ready to be returned from a function with a Result of any type.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Returns the failure of another Result unchanged.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// Returns the failure InvalidArgument.
[[nodiscard]] inline tl::unexpected<Error> fail_invalid(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

}  // namespace betrace
