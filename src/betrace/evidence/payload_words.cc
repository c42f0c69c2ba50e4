#include "betrace/evidence/payload_words.h"

#include <array>

namespace betrace::evidence {
namespace {

constexpr std::array<std::string_view, 3> kRecordTypes = {"violation", "final", "revision"};
constexpr std::array<std::string_view, 6> kSpanKinds = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                                        "CLIENT",      "PRODUCER", "CONSUMER"};
constexpr std::array<std::string_view, 3> kStatusCodes = {"UNSET", "OK", "ERROR"};

// The enumerator of `Enum` from `first` to `last` whose name is `word`.
template <typename Enum, typename NameOf>
std::optional<Enum> find_word(Enum first, Enum last, std::string_view word, NameOf name_of) {
  for (int number = static_cast<int>(first); number <= static_cast<int>(last); ++number) {
    const auto value = static_cast<Enum>(number);
    if (name_of(value) == word) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view record_type_word(model::RecordType type) noexcept {
  return kRecordTypes[static_cast<std::size_t>(type) - 1];
}

std::optional<model::RecordType> read_record_type(std::string_view word) noexcept {
  return find_word(model::RecordType::Violation, model::RecordType::Revision, word,
                   record_type_word);
}

std::string_view span_kind_word(model::SpanKind kind) noexcept {
  return kSpanKinds[static_cast<std::size_t>(kind)];
}

std::optional<model::SpanKind> read_span_kind(std::string_view word) noexcept {
  return find_word(model::SpanKind::Unspecified, model::SpanKind::Consumer, word, span_kind_word);
}

std::string_view status_code_word(model::StatusCode code) noexcept {
  return kStatusCodes[static_cast<std::size_t>(code)];
}

std::optional<model::StatusCode> read_status_code(std::string_view word) noexcept {
  return find_word(model::StatusCode::Unset, model::StatusCode::Error, word, status_code_word);
}

std::optional<model::CloseReason> read_close_reason(std::string_view word) noexcept {
  return find_word(model::CloseReason::SpanLimit, model::CloseReason::Shutdown, word,
                   [](model::CloseReason reason) { return model::name_of(reason); });
}

std::optional<model::Completeness> read_completeness(std::string_view word) noexcept {
  return find_word(model::Completeness::Reopened, model::Completeness::Complete, word,
                   [](model::Completeness grade) { return model::name_of(grade); });
}

std::optional<model::ViolationStatus> read_status(std::string_view word) noexcept {
  return find_word(model::ViolationStatus::Confirmed, model::ViolationStatus::Withdrawn, word,
                   [](model::ViolationStatus status) { return model::name_of(status); });
}

}  // namespace betrace::evidence
