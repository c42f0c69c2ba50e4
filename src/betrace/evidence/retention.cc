#include "betrace/evidence/retention.h"

#include "betrace/base/hex.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {

void add_retention(const Retention& retention, Json* payload) {
  (*payload)["reason"] = retention.reason;
  (*payload)["ranges"] = Json::array({{retention.first_seq, retention.last_seq}});
  (*payload)["last_hash"] = to_hex(retention.last_hash);
}

Result<Retention> read_retention(const Json& payload) {
  PayloadMembers members(payload);
  Retention retention;
  retention.reason = members.text("reason");
  if (!from_hex(members.text("last_hash"), retention.last_hash)) members.reject("last_hash");
  const Json& ranges = members.get("ranges");
  const bool is_one = ranges.is_array() && ranges.size() == 1 && ranges[0].is_array() &&
                      ranges[0].size() == 2 && ranges[0][0].is_number_unsigned() &&
                      ranges[0][1].is_number_unsigned();
  if (is_one) {
    retention.first_seq = ranges[0][0].get<std::uint64_t>();
    retention.last_seq = ranges[0][1].get<std::uint64_t>();
  } else {
    members.reject("ranges");
  }
  if (members.is_good()) return retention;
  return fail(ErrorCode::Corrupt, "payload member " + members.wrong_member() + " is wrong");
}

}  // namespace betrace::evidence
