#include "betrace/evidence/commit_payload.h"

#include "betrace/base/hex.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {
namespace {

constexpr std::uint64_t kVersion = 1;

tl::unexpected<Error> corrupt(const char* message) { return fail(ErrorCode::Corrupt, message); }

bool read_hash(const std::string& digits, Sha256* out) { return from_hex(digits, *out); }

}  // namespace

std::string commit_payload(const Commit& commit) {
  CanonicalWriter writer;
  writer.begin_object();
  writer.key("count").integer(commit.count).key("first_seq").integer(commit.first_seq).key("kid");
  if (commit.kid.empty()) {
    writer.null();
  } else {
    writer.text(commit.kid);
  }
  writer.key("log").text(commit.log);
  if (commit.macs) writer.key("macs").text(to_hex(*commit.macs));
  writer.key("prev").text(to_hex(commit.prev)).key("root").text(to_hex(commit.root));
  writer.key("ts").text(format_rfc3339(commit.time, 9));
  writer.key("type").text("commit").key("v").integer(kVersion).end_object();
  return writer.take();
}

Result<Commit> read_commit_payload(std::string_view payload) {
  auto value = read_canonical_json(payload);
  if (!value) return fail(value.error());
  PayloadMembers members(*value);
  if (members.text("type") != "commit") return corrupt("not a commit payload");
  if (members.integer("v") > kVersion) {
    return fail(ErrorCode::Unsupported, "commit payload has a newer version");
  }
  Commit commit;
  commit.count = members.integer("count");
  commit.first_seq = members.integer("first_seq");
  commit.kid = members.text("kid");
  commit.log = members.text("log");
  commit.time = members.time("ts");
  if (members.has("macs") && !read_hash(members.text("macs"), &commit.macs.emplace())) {
    members.reject("macs");
  }
  if (!read_hash(members.text("prev"), &commit.prev)) members.reject("prev");
  if (!read_hash(members.text("root"), &commit.root)) members.reject("root");
  const bool is_range =
      commit.count > 0 && commit.first_seq > 0 && commit.count - 1 <= UINT64_MAX - commit.first_seq;
  if (!is_range) members.reject("count");
  if (members.is_good() && commit_payload(commit) == payload) return commit;
  if (members.is_good()) return corrupt("commit payload is not in its canonical form");
  return fail(ErrorCode::Corrupt, "commit payload member " + members.wrong_member() + " is wrong");
}

}  // namespace betrace::evidence
