#include "betrace/app/log_command.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <ostream>

#include "betrace/app/exit_code.h"
#include "betrace/app/own_server.h"
#include "betrace/app/serve.h"
#include "betrace/base/json.h"
#include "betrace/http/client.h"
#include "betrace/storage/log_backup.h"
#include "betrace/storage/log_dump.h"

namespace betrace::app {
namespace {

constexpr std::chrono::hours kBackupTimeMax{12};

std::string text_of(const Json& json, const char* member) {
  if (!json.is_object() || !json.contains(member)) return "";
  const Json& value = json.at(member);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_done(std::ostream& out, std::string_view path, std::string_view files,
                std::string_view first, std::string_view last) {
  fmt::print(out, "{}: {} files, records {} to {}, verified\n", path, files, first, last);
}

int ask_server(const Config& config, const std::string& target, const Error& in_use,
               std::ostream& out, std::ostream& err) {
  http::ClientOptions options = own_server(config);
  options.timeout = kBackupTimeMax;
  http::Client client(options);
  const Json body = {{"dir", target}};
  const auto reply = client.post("/v1/log/backup", "application/json", body.dump());
  if (!reply) {
    fmt::print(err, "betrace: {}; asked to copy it: {}\n", in_use.message, reply.error().message);
    return kExitInUse;
  }
  const Json json = parse_json(reply->body).value_or(Json());
  if (reply->status != 200) {
    const Json error = json.is_object() && json.contains("error") ? json.at("error") : json;
    fmt::print(err, "betrace: the server answers: {}\n", text_of(error, "message"));
    return kExitFailed;
  }
  print_done(out, text_of(json, "dir"), text_of(json, "files"), text_of(json, "from_seq"),
             text_of(json, "to_seq"));
  return kExitDone;
}

std::string line_of(const storage::DumpedRecord& record) {
  const Json json = parse_json(record.payload).value_or(Json());
  const std::string message = text_of(json, "message");
  return fmt::format("{:>8}  {:<30}  {:<11}  {:<20}  {}", record.sequence,
                     text_of(json, "timestamp"), text_of(json, "type"), text_of(json, "rule_id"),
                     message.empty() ? text_of(json, "cause") : message);
}

std::string json_line_of(const storage::DumpedRecord& record) {
  const std::string mac = record.mac.empty() ? "null" : Json(record.mac).dump();
  return fmt::format(R"({{"seq":"{}","group_seq":"{}","leaf":"{}","mac":{},"payload":{}}})",
                     record.sequence, record.group_sequence, record.leaf, mac, record.payload);
}

}  // namespace

int run_log_backup(const Config& config, const std::string& target, std::ostream& out,
                   std::ostream& err) {
  const std::string absolute = std::filesystem::absolute(target).lexically_normal().string();
  const auto report = storage::back_up_stopped_log(
      storage::real_file_system(), config.text("state.path"), absolute, read_clocks().wall);
  if (report) {
    print_done(out, report->path, std::to_string(report->files),
               std::to_string(report->records.first), std::to_string(report->records.last));
    return kExitDone;
  }
  if (report.error().code == ErrorCode::FailedPrecondition) {
    return ask_server(config, absolute, report.error(), out, err);
  }
  fmt::print(err, "betrace: {}\n", report.error().message);
  return exit_code_of(report.error());
}

int run_log_dump(const Config& config, const storage::SequenceRange& range, bool is_json,
                 std::ostream& out, std::ostream& err) {
  bool is_altered = false;
  const auto look = [&](const storage::DumpedRecord& record) {
    if (record.is_altered) {
      is_altered = true;
      fmt::print(err, "betrace: record {} is not what was committed\n", record.sequence);
      return;
    }
    fmt::print(out, "{}\n", is_json ? json_line_of(record) : line_of(record));
  };
  const auto done =
      storage::dump_log(storage::real_file_system(), config.text("state.path"), range, look);
  if (!done) {
    fmt::print(err, "betrace: {}\n", done.error().message);
    return exit_code_of(done.error());
  }
  return is_altered ? kExitFailed : kExitDone;
}

}  // namespace betrace::app
