// A small signed log in memory, and the bundle of it, for tests and fuzz targets.
//
// The keys are made of a number, so the same calls give the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "betrace/evidence/bundle.h"
#include "betrace/evidence/record_key.h"
#include "betrace/evidence/signing_key.h"

namespace betrace::evidence {

/// An Ed25519 key whose 32 secret bytes all are `number`.
[[nodiscard]] const SigningKey& test_signing_key(std::uint8_t number);
/// A key of 32 times the same letter.
[[nodiscard]] RecordKey test_record_key(char letter);

/// The texts of a bundle.
struct TestBundle {
  std::string records;
  std::string commits;
  std::string keys;
  std::vector<CheckpointText> checkpoints;

  [[nodiscard]] Verification verify(const VerifyOptions& options) const;
};

class TestChain {
 public:
  explicit TestChain(std::string log = "betrace/test/a/00000001") : log_(std::move(log)) {}

  /// From now on records have HMACs; nothing: none.
  void use_record_key(std::optional<RecordKey> key) { record_key_ = std::move(key); }
  /// Commits a group of so many gap records.
  void add_group(std::size_t count);
  /// Commits a group of one record with this payload, as it is.
  void add_record(const std::string& payload) { add({payload}); }
  /// The payload of a record that the service writes at `time`: its head, and `members`.
  [[nodiscard]] std::string payload(const char* type, UnixNanos time,
                                    const Json& members = Json::object()) const;
  /// Commits a group of these payloads, as they are.
  void add(const std::vector<std::string>& payloads);
  /// Goes on with the next key, with the key events that belong to it.
  void rotate(KeyStatus old_status = KeyStatus::Retired);
  /// Goes on with the next key as if nobody should know.
  void replace_key();
  void skip(std::uint64_t numbers) { next_seq_ += numbers; }

  /// The newest commit.
  [[nodiscard]] CheckpointText checkpoint() const;
  [[nodiscard]] TestBundle bundle() const;
  /// Hash of the newest commit.
  [[nodiscard]] Sha256 last_hash() const { return prev_; }
  /// Of the first key.
  [[nodiscard]] Sha256 fingerprint() const;
  [[nodiscard]] std::string gap_payload(std::uint64_t number) const;

 private:
  [[nodiscard]] std::string write(Json payload) const;
  void next_key(KeyStatus old_status);
  [[nodiscard]] std::string key_event(const char* event, std::uint8_t number) const;

  std::string log_;
  std::optional<RecordKey> record_key_;
  std::uint8_t key_ = 1;
  std::uint64_t next_seq_ = 1;
  Sha256 prev_{};
  KeyRing ring_;
  std::vector<EvidenceRecord> records_;
  std::vector<CommitEnvelope> commits_;
};

}  // namespace betrace::evidence
