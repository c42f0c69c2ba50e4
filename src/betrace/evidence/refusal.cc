#include "betrace/evidence/refusal.h"

#include "betrace/base/utf8.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"
#include "betrace/evidence/violation_payload.h"

namespace betrace::evidence {
namespace {

// What clients write is bounded, and invalid bytes of theirs cannot stop a record.
std::string bounded(const std::string& text) {
  if (!is_utf8(text)) return quote_excerpt(text, 64);
  return std::string(utf8_prefix(text, kTextBytesMax));
}

}  // namespace

Json refusal_members(const Refusal& refusal) {
  return {{"actor", bounded(refusal.actor)},
          {"address", bounded(refusal.address)},
          {"method", bounded(refusal.method)},
          {"route", bounded(refusal.route)},
          {"code", bounded(refusal.code)},
          {"request_id", bounded(refusal.request_id)},
          {"status", refusal.status},
          {"count", refusal.count},
          {"first_time", format_rfc3339(refusal.first_time, 9)},
          {"last_time", format_rfc3339(refusal.last_time, 9)}};
}

Result<Refusal> read_refusal(std::string_view payload) {
  const auto json = read_canonical_json(payload);
  if (!json) return fail(json.error());
  PayloadMembers members(*json);
  if (members.text("type") != "refused") members.reject("type");
  Refusal refusal;
  refusal.actor = members.text("actor");
  refusal.address = members.text("address");
  refusal.method = members.text("method");
  refusal.route = members.text("route");
  refusal.code = members.text("code");
  refusal.request_id = members.text("request_id");
  refusal.status = static_cast<int>(members.integer("status"));
  refusal.count = members.integer("count");
  refusal.first_time = members.time("first_time");
  refusal.last_time = members.time("last_time");
  if (members.is_good()) return refusal;
  return fail(ErrorCode::Corrupt, "payload member " + members.wrong_member() + " is wrong");
}

}  // namespace betrace::evidence
