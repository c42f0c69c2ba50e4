#include "betrace/api/log_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "betrace/api/object_reader.h"

namespace betrace::api {
namespace {

// `dir` as a place strictly below `root`, links resolved; empty if it is none.
std::filesystem::path place_below(const std::filesystem::path& root, const std::string& dir) {
  std::error_code unknown;
  const auto base = std::filesystem::canonical(root, unknown);
  if (unknown || dir.empty() || dir.find('\0') != std::string::npos) return {};
  const auto wanted = (root / dir).lexically_normal();
  const auto named = wanted.has_filename() ? wanted : wanted.parent_path();
  const auto parent = std::filesystem::canonical(named.parent_path(), unknown);
  if (unknown || !named.has_filename() || named.filename() == "..") return {};
  const auto differs = std::mismatch(base.begin(), base.end(), parent.begin(), parent.end());
  return differs.first == base.end() ? parent / named.filename() : std::filesystem::path();
}

}  // namespace

Reply<http::Response> LogHandler::back_up(const http::Request& request,
                                          const http::PathParameters&) const {
  const auto body = read_json_object(request.body, options_.json_depth_max);
  if (!body) return refuse(body.error());
  ObjectReader reader(*body);
  const auto dir = reader.text("dir");
  if (!dir) reader.reject_missing("dir");
  if (reader.mistake()) return refuse(*reader.mistake());
  if (options_.backup_dir.empty()) {
    return refuse(ErrorKind::NotFound, "no folder for backups; log.backup_dir names one");
  }
  const auto place = place_below(options_.backup_dir, *dir);
  if (place.empty()) {
    return refuse(ErrorKind::InvalidField,
                  "dir is no new folder in log.backup_dir or in a folder that is there");
  }
  const auto report = services_.violations.back_up(place.string());
  if (!report && report.error().code == ErrorCode::AlreadyExists) {
    return refuse(ErrorKind::InvalidField, "dir: there is something of that name already");
  }
  if (!report) return refuse(ErrorKind::StorageUnavailable, report.error().message);
  OrderedJson reply;
  reply["dir"] = report->path;
  reply["files"] = report->files;
  reply["from_seq"] = std::to_string(report->records.first);
  reply["to_seq"] = std::to_string(report->records.last);
  http::Response response = json_reply(200, reply);
  name_ignored(reader.unknown(), &response);
  return response;
}

}  // namespace betrace::api
