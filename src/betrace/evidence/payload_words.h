// The words that stand in payloads for enumerators, in one table each.
//
// Shared by the writer and the reader of violation payloads. Written to the log: never change one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "betrace/model/violation.h"

namespace betrace::evidence {

inline constexpr std::int64_t kPayloadVersion = 1;
inline constexpr std::string_view kServiceKey = "service.name";

/// `violation` `final` `revision`
[[nodiscard]] std::string_view record_type_word(model::RecordType type) noexcept;
[[nodiscard]] std::optional<model::RecordType> read_record_type(std::string_view word) noexcept;

/// `UNSPECIFIED` `INTERNAL` `SERVER` `CLIENT` `PRODUCER` `CONSUMER`
[[nodiscard]] std::string_view span_kind_word(model::SpanKind kind) noexcept;
[[nodiscard]] std::optional<model::SpanKind> read_span_kind(std::string_view word) noexcept;

/// `UNSET` `OK` `ERROR`
[[nodiscard]] std::string_view status_code_word(model::StatusCode code) noexcept;
[[nodiscard]] std::optional<model::StatusCode> read_status_code(std::string_view word) noexcept;

/// The inverses of model::name_of.
[[nodiscard]] std::optional<model::CloseReason> read_close_reason(std::string_view word) noexcept;
[[nodiscard]] std::optional<model::Completeness> read_completeness(std::string_view word) noexcept;
[[nodiscard]] std::optional<model::ViolationStatus> read_status(std::string_view word) noexcept;

}  // namespace betrace::evidence
