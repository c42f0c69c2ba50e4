#include "betrace/evidence/evidence_record.h"

#include <fmt/format.h>

#include "betrace/base/base64.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {

std::string write_record_line(const EvidenceRecord& record) {
  CanonicalWriter writer;
  writer.begin_object().key("payload").text(to_base64(record.payload));
  writer.key("sequence").text(std::to_string(record.sequence)).key("signature");
  if (record.mac.empty()) {
    writer.null().key("unsigned").boolean(true);
  } else {
    writer.text(record.mac);
  }
  writer.end_object();
  return writer.take();
}

Result<EvidenceRecord> read_record_line(std::string_view line) {
  if (line.size() > kRecordLineBytesMax) return fail(ErrorCode::Corrupt, "the line is too long");
  const auto json = parse_json(line, 2);
  if (!json || !json->is_object()) return fail(ErrorCode::Corrupt, "not a line of records.jsonl");
  PayloadMembers members(*json);
  EvidenceRecord record;
  record.sequence = members.integer("sequence");
  record.mac = members.text("signature");
  auto payload = from_base64(members.text("payload"));
  if (!payload) members.reject("payload");
  if (!members.is_good()) {
    return fail(ErrorCode::Corrupt, fmt::format("member {} is wrong", members.wrong_member()));
  }
  record.payload = *std::move(payload);
  if (write_record_line(record) == line) return record;
  return fail(ErrorCode::Corrupt, "the line is not in its canonical form");
}

}  // namespace betrace::evidence
