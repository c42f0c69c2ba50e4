#include "betrace/otlp/export_response.h"

#include <fmt/format.h>

#include "betrace/otlp/json_text.h"
#include "betrace/otlp/wire_writer.h"

namespace betrace::otlp {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kBadRequest = "type.googleapis.com/google.rpc.BadRequest";
constexpr std::string_view kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";

// google.protobuf.Any: type_url 1, value 2.
template <typename WriteValue>
void write_detail(WireWriter& writer, std::string_view type, WriteValue write_value) {
  writer.message_field(3, [&] {
    writer.bytes_field(1, type);
    writer.message_field(2, write_value);
  });
}

// Status: code 1, message 2, details 3. Source: google/rpc/status.proto, error_details.proto.
std::string protobuf_status(const RpcStatus& status) {
  WireWriter writer;
  if (status.code != RpcCode::Ok) writer.varint_field(1, static_cast<std::uint64_t>(status.code));
  if (!status.message.empty()) writer.bytes_field(2, status.message);
  if (!status.field_violations.empty()) {
    write_detail(writer, kBadRequest, [&] {
      for (const FieldViolation& violation : status.field_violations) {
        writer.message_field(1, [&] {
          writer.bytes_field(1, violation.field);
          writer.bytes_field(2, violation.description);
        });
      }
    });
  }
  if (status.retry_delay) {
    const auto delay = static_cast<std::uint64_t>(status.retry_delay->count());
    write_detail(writer, kRetryInfo, [&] {
      writer.message_field(1, [&] {
        if (delay >= 1000) writer.varint_field(1, delay / 1000);
        if (delay % 1000 != 0) writer.varint_field(2, delay % 1000 * 1'000'000);
      });
    });
  }
  return writer.take();
}

void append_field_violations(std::string& out, const std::vector<FieldViolation>& violations) {
  out += fmt::format(R"({{"@type":"{}","fieldViolations":[)", kBadRequest);
  for (const FieldViolation& violation : violations) {
    if (out.back() == '}') out += ',';
    out += R"({"field":)";
    append_json_string(out, violation.field);
    out += R"(,"description":)";
    append_json_string(out, violation.description);
    out += '}';
  }
  out += "]}";
}

void append_retry_info(std::string& out, milliseconds delay) {
  const auto count = delay.count();
  const std::string fraction = count % 1000 == 0 ? "" : fmt::format(".{:03}", count % 1000);
  out +=
      fmt::format(R"({{"@type":"{}","retryDelay":"{}{}s"}})", kRetryInfo, count / 1000, fraction);
}

std::string json_status(const RpcStatus& status) {
  std::string out = fmt::format(R"({{"code":{},"message":)", static_cast<int>(status.code));
  append_json_string(out, status.message);
  out += R"(,"details":[)";
  if (!status.field_violations.empty()) append_field_violations(out, status.field_violations);
  if (status.retry_delay) {
    if (out.back() == '}') out += ',';
    append_retry_info(out, *status.retry_delay);
  }
  return out + "]}";
}

}  // namespace

std::string export_response(const ReadSummary& summary, WireForm form) {
  const std::uint64_t rejected = summary.rejected_count();
  const std::string message = describe_losses(summary);
  if (message.empty()) return form == WireForm::Json ? "{}" : "";
  if (form == WireForm::Json) {
    std::string out =
        fmt::format(R"({{"partialSuccess":{{"rejectedSpans":"{}","errorMessage":)", rejected);
    append_json_string(out, message);
    return out + "}}";
  }
  WireWriter writer;
  writer.message_field(1, [&] {
    if (rejected != 0) writer.varint_field(1, rejected);
    writer.bytes_field(2, message);
  });
  return writer.take();
}

std::string status_body(const RpcStatus& status, WireForm form) {
  return form == WireForm::Json ? json_status(status) : protobuf_status(status);
}

RpcStatus status_of_unreadable(ErrorCode code, std::string_view message) {
  RpcStatus status;
  status.message = std::string(message);
  if (code == ErrorCode::LimitExceeded) {
    status.code = RpcCode::ResourceExhausted;
  } else {
    status.code = RpcCode::InvalidArgument;
    status.field_violations = {{"resource_spans", std::string(message)}};
  }
  return status;
}

}  // namespace betrace::otlp
