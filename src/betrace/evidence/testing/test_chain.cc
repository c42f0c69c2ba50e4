#include "betrace/evidence/testing/test_chain.h"

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "betrace/base/base64.h"
#include "betrace/base/check.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/key_events.h"
#include "betrace/evidence/merkle.h"
#include "betrace/evidence/sealed_commit.h"

namespace betrace::evidence {

const SigningKey& test_signing_key(std::uint8_t number) {
  static std::map<std::uint8_t, SigningKey> keys;  // reading PEM takes milliseconds
  if (const auto known = keys.find(number); known != keys.end()) return known->second;
  // What stands before the 32 secret bytes. Source: RFC 8410 section 10.3.
  std::string der("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
  der.append(32, static_cast<char>(number));
  auto key = SigningKey::from_pem(Secret(
      fmt::format("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", to_base64(der))));
  BETRACE_CHECK(key.has_value());
  return keys.emplace(number, *std::move(key)).first->second;
}

RecordKey test_record_key(char letter) { return RecordKey(Secret(std::string(32, letter))); }

Verification TestBundle::verify(const VerifyOptions& options) const {
  std::istringstream record_lines(records);
  std::istringstream commit_lines(commits);
  return verify_bundle(record_lines, commit_lines, keys, checkpoints, options);
}

std::string TestChain::write(Json payload) const {
  payload["v"] = 1;
  payload["log"] = log_;
  if (record_key_) payload["key_id"] = record_key_->kid();
  if (!record_key_) payload["unsigned"] = true;
  return canonical_json(payload).value();
}

std::string TestChain::gap_payload(std::uint64_t number) const {
  return write({{"type", "gap"}, {"cause", "shed"}, {"count", number}, {"text", "\xC3\xA9\n"}});
}

std::string TestChain::payload(const char* type, UnixNanos time, const Json& members) const {
  Json payload = members;
  payload["type"] = type;
  payload["timestamp"] = format_rfc3339(time, 9);
  return write(std::move(payload));
}

void TestChain::add_group(std::size_t count) {
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < count; ++i) payloads.push_back(gap_payload(next_seq_ + i));
  add(payloads);
}

void TestChain::add(const std::vector<std::string>& payloads) {
  const SigningKey& key = test_signing_key(key_);
  if (ring_.keys.empty()) ring_.keys.push_back({key.public_key(), next_seq_, {}, {}});
  Commit commit;
  commit.log = log_;
  commit.first_seq = next_seq_;
  commit.count = payloads.size();
  commit.prev = prev_;
  commit.time = 1'700'000'000 * kNanosPerSecond + next_seq_;
  std::vector<Sha256> leaves;
  std::string macs;
  for (const std::string& payload : payloads) {
    EvidenceRecord record{next_seq_++, payload, record_key_ ? record_key_->mac(payload) : ""};
    leaves.push_back(leaf_hash(record.sequence, record.payload));
    macs += record.mac + "\n";
    records_.push_back(std::move(record));
  }
  commit.root = merkle_root(leaves);
  if (record_key_) commit.macs = sha256(macs);
  CommitEnvelope envelope = seal_commit(commit, key);
  prev_ = sha256(envelope.payload);
  commits_.push_back(std::move(envelope));
}

std::string TestChain::key_event(const char* event, std::uint8_t number) const {
  Json payload = Json::parse(gap_payload(0));
  payload["type"] = kKeyEventType;
  add_key_event({event, test_signing_key(number).public_key()}, &payload);
  return canonical_json(payload).value();
}

void TestChain::next_key(KeyStatus old_status) {
  ring_.keys.back().to_seq = next_seq_ - 1;
  ring_.keys.back().status = old_status;
  ++key_;
  ring_.keys.push_back({test_signing_key(key_).public_key(), next_seq_, {}, {}});
}

void TestChain::rotate(KeyStatus old_status) {
  add_record(key_event("next", key_ + 1));
  next_key(old_status);
  add_record(key_event("previous", key_ - 1));
}

void TestChain::replace_key() { next_key(KeyStatus::Retired); }

CheckpointText TestChain::checkpoint() const {
  return {checkpoint_name(next_seq_ - 1), write_envelope(commits_.back()) + "\n", false};
}

TestBundle TestChain::bundle() const {
  TestBundle bundle;
  for (const EvidenceRecord& record : records_) bundle.records += write_record_line(record) + "\n";
  for (const CommitEnvelope& commit : commits_) bundle.commits += write_envelope(commit) + "\n";
  bundle.keys = write_key_ring(cut_key_ring(ring_, records_.front().sequence, next_seq_ - 1));
  return bundle;
}

Sha256 TestChain::fingerprint() const { return fingerprint_of(test_signing_key(1).public_key()); }

}  // namespace betrace::evidence
