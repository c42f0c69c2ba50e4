// Goal: an outsider gets from the API what a violation is verified with, and it fits.

#include "betrace/api/test_api.h"
#include "betrace/base/base64.h"
#include "betrace/base/hex.h"
#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/evidence/merkle.h"

namespace betrace::api {
namespace {

class EvidenceTest : public ApiTest {
 protected:
  std::string violate() {
    add_rule("slow");
    const Json span = {{"trace_id", "t"}, {"span_id", "s"}, {"name", "a"}, {"duration_ms", 2000}};
    const Json body = {{"spans", {span}}};
    EXPECT_EQ(post("/v1/spans", body.dump()).status, 202);
    decide_everything();
    return get("/v1/violations").at("/violations/0/id");
  }
};

TEST_F(EvidenceTest, AViolationIsProvenByItsPathAndASignature) {
  const Answer answer = get("/v1/violations/" + violate() + "/evidence");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string payload = from_base64(answer.at("/payload").get<std::string>()).value();
  const std::uint64_t sequence = std::stoull(answer.at("/sequence").get<std::string>());
  const auto envelope = evidence::read_envelope(answer.at("/commit").dump());
  ASSERT_TRUE(envelope.has_value()) << answer.body;
  const auto commit = evidence::read_commit_payload(envelope->payload).value();
  std::vector<Sha256> path;
  for (const Json& node : answer.at("/merkle_path")) {
    ASSERT_TRUE(from_hex(node.get<std::string>(), path.emplace_back()));
  }
  EXPECT_EQ(evidence::root_of_path(evidence::leaf_hash(sequence, payload),
                                   answer.at("/leaf_index").get<std::size_t>(), commit.count, path),
            commit.root);
  const auto ring = evidence::read_key_ring(get("/v1/evidence/keys").body).value();
  EXPECT_TRUE(evidence::verify_signature(
      ring.find(commit.kid)->key,
      evidence::pre_authentication_encoding(evidence::kCommitType, envelope->payload),
      envelope->signature));
  EXPECT_EQ(get("/v1/violations/viol-00/evidence").code(), "violation_not_found");
}

TEST_F(EvidenceTest, SaysUpToWhereTheLogIsSealed) {
  const Answer answer = get("/v1/evidence");
  EXPECT_EQ(answer.at("/signing"), "off");
  EXPECT_TRUE(answer.at("/key_id").is_null());
  EXPECT_EQ(answer.at("/commit_key").get<std::string>().substr(0, 8), "ed25519:");
  EXPECT_EQ(answer.at("/size"), "1");
  EXPECT_TRUE(answer.at("/last_checkpoint").is_null());
  EXPECT_TRUE(answer.at("/last_coverage").is_null());
  EXPECT_EQ(answer.at("/gaps_24h"), 0);
  EXPECT_EQ(answer.at("/gaps_since"), format_rfc3339(now().wall));
  EXPECT_EQ(get("/v1/evidence/checkpoints/latest").status, 404);
}

TEST_F(EvidenceTest, SaysWhatWasSeenLastAndHowMuchWasNot) {
  violate();
  clerk_->finish(now(), 3);
  ASSERT_TRUE(log_->flush(std::chrono::seconds(60)).has_value());
  const Answer answer = get("/v1/evidence");
  EXPECT_EQ(answer.at("/last_coverage/spans_ingested"), 1);
  EXPECT_EQ(answer.at("/last_coverage/to"), format_rfc3339(now().wall, 9));
  EXPECT_EQ(answer.at("/gaps_24h"), 1) << "three traces were left undecided";
}

TEST_F(EvidenceTest, ListsCheckpointsNewestFirst) {
  EXPECT_EQ(get("/v1/evidence/checkpoints").at("/total"), 0);
  for (std::uint64_t i = 0; i < 3; ++i) {
    log_->record_gap({"shed", "", 1, 0, 0});
    ASSERT_TRUE(log_->flush(std::chrono::seconds(60)).has_value());
    checkpoints_.insert(checkpoints_.begin(), log_->last_commit().envelope);
  }
  const Answer all = get("/v1/evidence/checkpoints");
  EXPECT_EQ(all.at("/total"), 3);
  EXPECT_EQ(all.at("/limit"), 100);
  EXPECT_EQ(all.at("/checkpoints").size(), 3U);
  const Answer second = get("/v1/evidence/checkpoints?limit=1&offset=1");
  EXPECT_EQ(second.at("/checkpoints").size(), 1U);
  EXPECT_EQ(second.at("/checkpoints/0"), all.at("/checkpoints/1"));
  EXPECT_EQ(second.at("/checkpoints/0/envelope").dump(), evidence::write_envelope(checkpoints_[1]));
  const auto commit = evidence::read_commit_payload(checkpoints_[1].payload).value();
  EXPECT_EQ(second.at("/checkpoints/0/size"), std::to_string(commit.last_seq()));
  EXPECT_EQ(get("/v1/evidence").at("/last_checkpoint"), all.at("/checkpoints/0"));
  EXPECT_EQ(get("/v1/evidence/checkpoints/latest").body,
            evidence::write_envelope(checkpoints_[0]) + "\n");
  EXPECT_EQ(get("/v1/evidence/checkpoints?limit=0").code(), "invalid_parameter");
}

TEST_F(EvidenceTest, AnArchiveHoldsAllFilesOfABundle) {
  violate();
  const Answer answer = get("/v1/evidence/export?from_seq=1");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("Content-Type"), "application/gzip");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(get("/v1/evidence/export?from_seq=1000").status, 404);
  EXPECT_EQ(get("/v1/evidence/export?from_seq=2&to_seq=1").code(), "invalid_parameter");
  EXPECT_EQ(get("/v1/evidence/export?from_seq=1&start_time=1").code(), "invalid_parameter");
  EXPECT_EQ(get("/v1/evidence/export?end_time=1").status, 404);
}

}  // namespace
}  // namespace betrace::api
