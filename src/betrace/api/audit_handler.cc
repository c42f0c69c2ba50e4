#include "betrace/api/audit_handler.h"

#include <iterator>
#include <string>
#include <utility>

#include "betrace/api/query.h"
#include "betrace/evidence/refusal.h"
#include "betrace/storage/log_record.h"

namespace betrace::api {
namespace {

using storage::LogRecordType;

constexpr std::uint32_t kAuditPage = 100;
constexpr std::size_t kSlicesMax = 25;  // of 20,000 rows; then the client asks on

OrderedJson or_null(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

// What both kinds have.
OrderedJson audit_entry(const storage::StoredRecord& record, std::string_view kind) {
  return {{"sequence", std::to_string(record.sequence)},
          {"time", format_rfc3339(record.time)},
          {"kind", kind}};
}

// How the change was asked for is not in its record; that it was done is.
Result<OrderedJson> change_entry(const storage::StoredRecord& record) {
  const auto change = storage::read_rule_change(record.payload);
  if (!change) return fail(change.error());
  OrderedJson entry = audit_entry(record, "rule_change");
  entry["actor"] = change->actor;
  entry["address"] = or_null(change->address);
  entry["rule_id"] = change->rule_id;
  entry["revision"] = change->revision;
  entry["change"] = change->change;
  entry["method"] = nullptr;
  entry["route"] = nullptr;
  entry["status"] = 200;
  entry["code"] = nullptr;
  entry["request_id"] = or_null(change->request_id);
  entry["count"] = 1;
  return entry;
}

Result<OrderedJson> refusal_entry(const storage::StoredRecord& record) {
  const auto refusal = evidence::read_refusal(record.payload);
  if (!refusal) return fail(refusal.error());
  OrderedJson entry = audit_entry(record, "refused");
  entry["actor"] = refusal->actor;
  entry["address"] = or_null(refusal->address);
  entry["rule_id"] = nullptr;
  entry["revision"] = nullptr;
  entry["change"] = nullptr;
  entry["method"] = refusal->method;
  entry["route"] = refusal->route;
  entry["status"] = refusal->status;
  entry["code"] = refusal->code;
  entry["request_id"] = or_null(refusal->request_id);
  entry["count"] = refusal->count;
  entry["first_time"] = format_rfc3339(refusal->first_time);
  entry["last_time"] = format_rfc3339(refusal->last_time);
  return entry;
}

Result<OrderedJson> entry_of(const storage::StoredRecord& record) {
  return record.type == LogRecordType::RuleChange ? change_entry(record) : refusal_entry(record);
}

// A page that is full, or as much as may be looked at for one.
Result<storage::RecordPage> ask_on(const storage::ViolationLog& log, storage::RecordQuery query) {
  storage::RecordPage page;
  for (std::size_t slice = 0; slice < kSlicesMax; ++slice) {
    auto more = log.records(query);
    if (!more) return more;
    query.limit -= more->records.size();
    query.cursor = more->next_cursor;
    std::move(more->records.begin(), more->records.end(), std::back_inserter(page.records));
    if (query.limit == 0 || query.cursor.empty()) break;
  }
  page.next_cursor = query.cursor;
  return page;
}

std::vector<LogRecordType> read_kinds(QueryReader& query) {
  switch (query.choice("kind", {"all", "rule_change", "refused"})) {
    case 1:
      return {LogRecordType::RuleChange};
    case 2:
      return {LogRecordType::Refused};
    default:
      return {LogRecordType::RuleChange, LogRecordType::Refused};
  }
}

}  // namespace

Reply<http::Response> AuditHandler::list(const http::Request& request,
                                         const http::PathParameters&) const {
  QueryReader query(request.head);
  storage::RecordQuery asked;
  asked.start_time = query.time("start_time").value_or(0);
  asked.end_time = query.time("end_time");
  asked.types = read_kinds(query);
  const std::uint32_t limit_max = options_.query_results_max;
  asked.limit = query.integer("limit", std::min(kAuditPage, limit_max), 1, limit_max);
  asked.cursor = query.text("cursor").value_or("");
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));

  const auto page = ask_on(services_.violations, std::move(asked));
  if (!page) {
    const bool is_cursor = page.error().code == ErrorCode::InvalidArgument;
    if (is_cursor) return refuse(ErrorKind::InvalidCursor, page.error().message);
    return refuse(to_api_error(page.error()));
  }
  OrderedJson entries = OrderedJson::array();
  for (const storage::StoredRecord& record : page->records) {
    auto entry = entry_of(record);
    if (!entry) return refuse(to_api_error(entry.error()));
    entries.push_back(*std::move(entry));
  }
  return json_reply(200,
                    {{"entries", std::move(entries)}, {"next_cursor", or_null(page->next_cursor)}});
}

}  // namespace betrace::api
