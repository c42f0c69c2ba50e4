#include "betrace/evidence/chain_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "betrace/base/hex.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/key_events.h"
#include "betrace/evidence/merkle.h"
#include "betrace/evidence/payload_members.h"
#include "betrace/evidence/retention.h"

namespace betrace::evidence {
namespace {

constexpr std::uint64_t kRecordVersionMax = 1;

Verdict verdict_of(const Error& error) {
  return error.code == ErrorCode::Unsupported ? Verdict::Newer : Verdict::Invalid;
}

}  // namespace

ChainVerifier::ChainVerifier(KeyRing ring, VerifyOptions options)
    : ring_(std::move(ring)), options_(std::move(options)) {}

bool ChainVerifier::reject(Verdict verdict, std::string what, std::uint64_t sequence,
                           const Place& place) {
  result_.findings.push_back({verdict, std::move(what), sequence, place});
  is_over_ = is_over_ || verdict > Verdict::Incomplete;
  return !is_over_;
}

bool ChainVerifier::checkpoint(const CommitEnvelope& envelope, bool is_held, const Place& place) {
  if (is_over_) return false;
  const auto commit = read_payload(envelope, place);
  if (!commit) return false;
  const auto [known, is_new] =
      checkpoints_.emplace(commit->last_seq(), Checkpoint{envelope, *commit, is_held, place});
  if (!is_new && known->second.envelope.payload != envelope.payload) {
    return reject(Verdict::Invalid, "two checkpoints contradict each other", commit->last_seq(),
                  place);
  }
  known->second.is_held = known->second.is_held || is_held;
  return true;
}

bool ChainVerifier::commit(const CommitEnvelope& envelope, const Place& place) {
  if (is_over_) return false;
  if (wants_record()) {
    return reject(Verdict::Invalid, "records of the group are missing",
                  commit_.first_seq + leaves_.size(), place);
  }
  auto commit = read_signed(envelope, place);
  if (!commit) return false;
  const Sha256 hash = sha256(envelope.payload);
  if (!check_link(*commit, place)) return false;
  if (!check_checkpoints(*commit, envelope.payload, place)) return false;
  UsedKey& key = used_[commit->kid];
  is_first_of_key_ = key.first_seq == 0 && result_.commits != 0;
  if (key.first_seq == 0) {
    key.first_seq = commit->first_seq;
    key.after_seq = result_.commits == 0 ? commit->first_seq - 1 : result_.last_seq;
  }
  key.last_seq = commit->last_seq();
  if (result_.commits++ == 0) {
    result_.first_seq = commit->first_seq;
    first_prev_ = commit->prev;
    if (commit->first_seq == 1) result_.beginning = ChainBeginning::FirstRecord;
  } else if (commit->first_seq > result_.last_seq + 1) {
    coverage_.skip();
  }
  result_.last_seq = commit->last_seq();
  commit_ = *std::move(commit);
  hash_ = hash;
  leaves_.clear();
  macs_.clear();
  has_mac_ = false;
  names_previous_ = false;
  return true;
}

std::optional<Commit> ChainVerifier::read_signed(const CommitEnvelope& envelope,
                                                 const Place& place) {
  const RingKey* const key = ring_.find(envelope.kid);
  if (envelope.signature.empty() || key == nullptr) {
    reject(Verdict::Invalid,
           key != nullptr ? "the commit is not signed"
                          : "the commit is signed by a key that keys.json does not have",
           0, place);
    return std::nullopt;
  }
  // First: nothing in a payload is believed before it.
  if (!check_signature(envelope, *key, place)) return std::nullopt;
  auto commit = read_payload(envelope, place);
  if (commit && !key->covers(commit->first_seq, commit->last_seq())) {
    reject(Verdict::Invalid, fmt::format("the key {} is not valid here", envelope.kid),
           commit->first_seq, place);
    return std::nullopt;
  }
  return commit;
}

bool ChainVerifier::check_signature(const CommitEnvelope& envelope, const RingKey& key,
                                    const Place& place) {
  const std::string message = pre_authentication_encoding(kCommitType, envelope.payload);
  if (verify_signature(key.key, message, envelope.signature)) return true;
  return reject(Verdict::Invalid, "the signature is wrong", 0, place);
}

std::optional<Commit> ChainVerifier::read_payload(const CommitEnvelope& envelope,
                                                  const Place& place) {
  auto commit = read_commit_payload(envelope.payload);
  if (!commit) {
    reject(verdict_of(commit.error()), commit.error().message, 0, place);
    return std::nullopt;
  }
  if (commit->kid != envelope.kid) {
    reject(Verdict::Invalid, "the payload names another key than the envelope", commit->first_seq,
           place);
    return std::nullopt;
  }
  return *std::move(commit);
}

bool ChainVerifier::check_link(const Commit& commit, const Place& place) {
  if (result_.commits == 0) result_.log = commit.log;
  if (commit.log != result_.log) {
    return reject(Verdict::Invalid, "the commit is of another log", commit.first_seq, place);
  }
  if (result_.commits == 0) {
    if (commit.first_seq != 1 || commit.prev == Sha256{}) return true;
    return reject(Verdict::Invalid, "the first commit of a log names one before it", 1, place);
  }
  const std::uint64_t next = result_.last_seq + 1;
  if (commit.first_seq < next) {
    return reject(Verdict::Invalid, fmt::format("the chain goes back; {} is next", next),
                  commit.first_seq, place);
  }
  if (commit.prev == hash_) return true;  // numbers that the log itself skips
  if (commit.first_seq == next) {
    return reject(Verdict::Invalid, "the commit does not follow the one before it",
                  commit.first_seq, place);
  }
  return reject(Verdict::Incomplete,
                fmt::format("records {} to {} are missing", next, commit.first_seq - 1), next,
                place);
}

bool ChainVerifier::check_checkpoints(const Commit& commit, const std::string& payload,
                                      const Place& place) {
  const auto found = checkpoints_.lower_bound(commit.first_seq);
  if (found == checkpoints_.end()) return true;
  const Checkpoint& checkpoint = found->second;
  if (checkpoint.commit.first_seq > commit.last_seq()) return true;
  if (checkpoint.envelope.payload != payload) {
    return reject(
        Verdict::Invalid,
        fmt::format("the commit is not the one of the checkpoint {}", checkpoint.place.file),
        commit.first_seq, place);
  }
  const RingKey& key = *ring_.find(commit.kid);
  if (!check_signature(checkpoint.envelope, key, checkpoint.place)) return false;
  if (checkpoint.is_held) held_to_ = commit.last_seq();
  ++result_.checkpoints;
  return true;
}

// Those that no commit of the chain belongs to: of records before or after it.
void ChainVerifier::check_other_checkpoints() {
  for (const auto& [last_seq, checkpoint] : checkpoints_) {
    const bool is_beyond = last_seq > result_.last_seq;
    if (!is_beyond && last_seq >= result_.first_seq) continue;
    const RingKey* const key = ring_.find(checkpoint.envelope.kid);
    if (key != nullptr && !check_signature(checkpoint.envelope, *key, checkpoint.place)) return;
    if (!is_beyond) continue;
    reject(Verdict::Incomplete,
           fmt::format("records {} to {} are missing: a checkpoint names them",
                       result_.last_seq + 1, last_seq),
           result_.last_seq + 1, checkpoint.place);
  }
}

bool ChainVerifier::record(const EvidenceRecord& record, const Place& place) {
  if (is_over_) return false;
  if (!wants_record()) {
    return reject(Verdict::Invalid, "the record belongs to no commit", record.sequence, place);
  }
  const std::uint64_t next = commit_.first_seq + leaves_.size();
  if (record.sequence != next) {
    return reject(Verdict::Invalid,
                  fmt::format("record {} stands where {} must", record.sequence, next), next,
                  place);
  }
  if (!check_payload(record, place)) return false;
  leaves_.push_back(leaf_hash(record.sequence, record.payload));
  macs_ += record.mac + "\n";
  has_mac_ = has_mac_ || !record.mac.empty();
  ++result_.records;
  return wants_record() || end_group(place);
}

bool ChainVerifier::check_payload(const EvidenceRecord& record, const Place& place) {
  const auto payload = read_canonical_json(record.payload);
  const auto refuse = [&](Verdict verdict, const std::string& what) {
    return reject(verdict, what, record.sequence, place);
  };
  if (!payload) return refuse(Verdict::Invalid, payload.error().message);
  PayloadMembers members(*payload);
  const std::uint64_t version = members.integer("v");
  const std::string log = members.text("log");
  const std::string type = members.text("type");
  if (!members.is_good() || type.empty()) {
    return refuse(Verdict::Invalid, "the payload lacks v, log or type");
  }
  if (version > kRecordVersionMax)
    return refuse(Verdict::Newer, "the payload is of a newer version");
  if (log != commit_.log) return refuse(Verdict::Invalid, "the record is of another log");
  return check_mac(record, *payload, place) && learn(record, *payload, place);
}

// A payload says whether it has an HMAC and under which key, so that none can be taken away unseen.
bool ChainVerifier::check_mac(const EvidenceRecord& record, const Json& payload,
                              const Place& place) {
  const auto refuse = [&](const char* what) {
    return reject(Verdict::Invalid, what, record.sequence, place);
  };
  const bool is_unsigned = payload.contains("unsigned") && payload.at("unsigned") == true;
  PayloadMembers members(payload);
  const std::string kid = is_unsigned ? std::string() : members.text("key_id");
  if (is_unsigned == !kid.empty()) {
    return refuse("the payload says neither key_id nor unsigned");
  }
  if (is_unsigned) {
    return record.mac.empty() || refuse("an unsigned record has an HMAC");
  }
  if (kid_of_mac(record.mac) != kid) return refuse("the HMAC that the payload names is missing");
  const auto is_good = options_.record_keys.verify(record.payload, record.mac);
  if (is_good) ++result_.macs_checked;
  return is_good.value_or(true) || refuse("the HMAC is wrong");
}

bool ChainVerifier::learn(const EvidenceRecord& record, const Json& payload, const Place& place) {
  PayloadMembers members(payload);
  const std::string type = members.text("type");
  ++result_.types[type];
  if (type == "gap") {
    result_.gaps.push_back({record.sequence, members.text("cause"), members.integer("count")});
  }
  if (!coverage_.record(record.sequence, payload)) {
    return reject(Verdict::Invalid, "the payload lacks its times", record.sequence, place);
  }
  note_unseen(place);
  if (type == kRetentionType) return learn_retention(record, payload, place);
  const auto event = read_key_event(payload);
  if (!event || !event->key) return true;
  used_[commit_.kid].named.insert(kid_of(*event->key));
  names_previous_ = names_previous_ || event->event == "previous";
  return true;
}

// Retention takes the oldest records; what it says of those right before the chain is its anchor.
bool ChainVerifier::learn_retention(const EvidenceRecord& record, const Json& payload,
                                    const Place& place) {
  const auto retention = read_retention(payload);
  if (!retention) {
    return reject(Verdict::Invalid, retention.error().message, record.sequence, place);
  }
  if (retention->last_seq + 1 != result_.first_seq) return true;
  if (retention->last_hash != first_prev_) {
    return reject(Verdict::Invalid,
                  "the retention record names another commit than the one before the chain",
                  record.sequence, place);
  }
  result_.beginning = ChainBeginning::Retention;
  return true;
}

void ChainVerifier::note_unseen(const Place& place) {
  for (const UnseenTime& unseen : coverage_.take()) {
    if (unseen.cause != UnseenCause::Missing) {
      result_.unseen.push_back(unseen);
      continue;
    }
    reject(Verdict::Incomplete,
           fmt::format("no coverage record tells of {} to {}", format_rfc3339(unseen.from),
                       format_rfc3339(unseen.to)),
           unseen.sequence, place);
  }
}

bool ChainVerifier::end_group(const Place& place) {
  if (merkle_root(leaves_) != commit_.root) {
    return reject(Verdict::Invalid,
                  fmt::format("records {} to {} are not those that were signed", commit_.first_seq,
                              commit_.last_seq()),
                  commit_.first_seq, place);
  }
  const auto macs = has_mac_ ? std::optional(sha256(macs_)) : std::nullopt;
  if (macs != commit_.macs) {
    return reject(Verdict::Invalid,
                  fmt::format("the HMACs of records {} to {} are not those that were signed",
                              commit_.first_seq, commit_.last_seq()),
                  commit_.first_seq, place);
  }
  if (is_first_of_key_ && !names_previous_) {
    return reject(Verdict::Invalid,
                  fmt::format("the key {} begins without a key event", commit_.kid),
                  commit_.first_seq, place);
  }
  return true;
}

Verification ChainVerifier::finish(const Place& end) {
  if (!is_over_ && wants_record()) {
    reject(Verdict::Invalid, "records of the last group are missing",
           commit_.first_seq + leaves_.size(), end);
  }
  if (!is_over_ && result_.records == 0) {
    reject(Verdict::Invalid, "there is no record to verify", 0, end);
  }
  for (const auto& [kid, used] : used_) {
    result_.fingerprints.emplace(kid, to_hex(fingerprint_of(ring_.find(kid)->key)));
  }
  if (!is_over_) {
    coverage_.finish(result_.last_seq);
    note_unseen(end);
    check_beginning();
    check_tail(end);
    check_keys();
    check_trust();
  }
  result_.verdict = Verdict::Valid;
  for (const Finding& finding : result_.findings) {
    result_.verdict = std::max(result_.verdict, finding.verdict);
  }
  return std::move(result_);
}

void ChainVerifier::check_beginning() {
  if (!options_.requires_beginning || result_.beginning != ChainBeginning::Cut) return;
  reject(Verdict::Incomplete,
         fmt::format("records 1 to {} are missing, and no retention record says that they went",
                     result_.first_seq - 1),
         result_.first_seq, {result_.log, 0});
}

void ChainVerifier::check_tail(const Place& end) {
  check_other_checkpoints();
  result_.is_anchored = checkpoints_.contains(result_.last_seq);
  if (options_.requires_anchor && !result_.is_anchored) {
    reject(Verdict::Incomplete, "no checkpoint names the last commit", result_.last_seq, end);
  }
}

// What keys.json says of the keys must be what the chain shows.
void ChainVerifier::check_keys() {
  const Place place{"keys.json", 0};
  const bool is_cut = ring_.keys.back().to_seq.has_value();
  for (const RingKey& key : ring_.keys) {
    const std::string kid = key.kid();
    const auto used = used_.find(kid);
    const std::uint64_t to_seq = key.to_seq.value_or(UINT64_MAX);
    const bool is_of_range =
        key.from_seq <= result_.last_seq && to_seq >= result_.first_seq && to_seq >= key.from_seq;
    if (used == used_.end()) {
      if (is_of_range) {
        reject(Verdict::Invalid, fmt::format("the key {} signed nothing", kid), 0, place);
      }
      continue;
    }
    // Only a ring that is not cut may name numbers before the chain.
    const bool is_before = used->second.first_seq == result_.first_seq && !is_cut;
    const bool begins = key.from_seq <= used->second.first_seq &&
                        (key.from_seq > used->second.after_seq || is_before);
    const auto follows = std::ranges::find_if(
        ring_.keys, [&](const RingKey& other) { return other.from_seq > key.from_seq; });
    const std::uint64_t end =
        follows == ring_.keys.end() ? result_.last_seq : follows->from_seq - 1;
    if (!begins || (key.to_seq && *key.to_seq != end)) {
      reject(Verdict::Invalid, fmt::format("the range of the key {} is not what it signed", kid),
             used->second.first_seq, place);
    }
    if (key.status == KeyStatus::Compromised && used->second.last_seq > held_to_) {
      reject(Verdict::Invalid,
             fmt::format("the key {} is compromised, and no checkpoint that you hold covers what "
                         "it signed",
                         kid),
             held_to_ + 1, place);
    }
  }
}

// A key is trusted if it was handed over, or if a group of a trusted key names it.
std::set<std::string> ChainVerifier::vouched_for() const {
  std::set<std::string> trusted;
  for (const auto& [kid, used] : used_) {
    const Sha256 fingerprint = fingerprint_of(ring_.find(kid)->key);
    if (std::ranges::find(options_.trusted, fingerprint) != options_.trusted.end()) {
      trusted.insert(kid);
    }
  }
  for (std::size_t before = 0; before != trusted.size();) {
    before = trusted.size();
    for (const std::string& kid : std::set<std::string>(trusted)) {
      const std::set<std::string>& named = used_.at(kid).named;
      for (const std::string& other : named) {
        if (used_.contains(other)) trusted.insert(other);
      }
    }
  }
  return trusted;
}

void ChainVerifier::check_trust() {
  const std::set<std::string> trusted = vouched_for();
  for (const auto& [kid, used] : used_) {
    if (trusted.contains(kid)) continue;
    reject(Verdict::Untrusted, fmt::format("self-consistent, key {} not trusted", kid),
           used.first_seq, {"keys.json", 0});
  }
}

}  // namespace betrace::evidence
