// Goal: a bundle passes only as it was signed; all else fails with the right verdict and place.
//
// Method: a small signed chain is made in memory, changed in one way, and verified.
#include "betrace/evidence/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "betrace/base/base64.h"
#include "betrace/base/test_seed.h"
#include "betrace/evidence/retention.h"
#include "betrace/evidence/testing/test_chain.h"

namespace betrace::evidence {
namespace {

using ::testing::HasSubstr;

TestChain chain_of_groups(std::initializer_list<std::size_t> sizes) {
  TestChain chain;
  for (const std::size_t size : sizes) chain.add_group(size);
  return chain;
}

VerifyOptions trusting(const TestChain& chain) {
  VerifyOptions options;
  options.trusted.push_back(chain.fingerprint());
  return options;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void edit_lines(std::string* text, const std::function<void(std::vector<std::string>&)>& edit) {
  std::vector<std::string> lines = lines_of(*text);
  edit(lines);
  *text = text_of(lines);
}

// The first finding in words: `invalid: what (record 3, records.jsonl line 3)`.
std::string first_finding(const Verification& result) {
  if (result.findings.empty()) return std::string(name_of(result.verdict));
  const Finding& finding = result.findings.front();
  return std::string(name_of(result.verdict)) + ": " + finding.what + " (record " +
         std::to_string(finding.sequence) + ", " + finding.place.file + " line " +
         std::to_string(finding.place.line) + ")";
}

TEST(BundleTest, AWholeBundleOfATrustedKeyIsValid) {
  const TestChain chain = chain_of_groups({1, 3, 2});
  const Verification result = chain.bundle().verify(trusting(chain));
  EXPECT_EQ(first_finding(result), "valid");
  EXPECT_EQ(exit_code_of(result.verdict), 0);
  EXPECT_EQ(result.records, 6U);
  EXPECT_EQ(result.commits, 3U);
  EXPECT_EQ(result.first_seq, 1U);
  EXPECT_EQ(result.last_seq, 6U);
  EXPECT_EQ(result.types.at("gap"), 6U);
  EXPECT_EQ(result.gaps.size(), 6U);
  EXPECT_FALSE(result.is_anchored);
}

TEST(BundleTest, WithoutTrustItIsUntrusted) {
  const Verification result = chain_of_groups({2}).bundle().verify({});
  EXPECT_THAT(first_finding(result), HasSubstr("untrusted: self-consistent, key ed25519:"));
  EXPECT_EQ(exit_code_of(result.verdict), 1);
}

TEST(BundleTest, AnEmptyBundleIsNeverValid) {
  const TestChain chain = chain_of_groups({1});
  TestBundle bundle = chain.bundle();
  bundle.records.clear();
  bundle.commits.clear();
  EXPECT_THAT(first_finding(bundle.verify(trusting(chain))),
              HasSubstr("invalid: there is no record to verify"));
  bundle.keys = write_key_ring({});
  EXPECT_EQ(bundle.verify(trusting(chain)).verdict, Verdict::Invalid);
  EXPECT_EQ(TestBundle().verify({}).verdict, Verdict::Invalid);
}

// 200 records in groups of different sizes, with HMACs, a change of the key and a checkpoint.
struct R18 {
  TestChain chain;
  TestBundle bundle;

  R18() {
    chain.use_record_key(test_record_key('k'));
    for (std::size_t size = 1; size <= 13; ++size) chain.add_group(size);
    chain.rotate();
    for (std::size_t size = 13; size >= 1; --size) chain.add_group(size);
    chain.add_group(16);
    bundle = chain.bundle();
    bundle.checkpoints.push_back(chain.checkpoint());
  }
};

TEST(BundleTest, TheBundleOfR18IsValid) {
  const R18 r18;
  const Verification result = r18.bundle.verify(trusting(r18.chain));
  EXPECT_EQ(first_finding(result), "valid");
  EXPECT_EQ(result.records, 200U);
  EXPECT_TRUE(result.is_anchored);
}

// BETRACE_EVIDENCE_STEP=1 changes every byte.
std::uint64_t byte_step(std::uint64_t usual) {
  const char* const given = std::getenv("BETRACE_EVIDENCE_STEP");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
}

// Changes single bytes of one file, each `step`th from a random one on, and expects that it is
// seen.
void change_bytes(const TestChain& chain, const TestBundle& whole, std::string TestBundle::*file,
                  std::uint64_t step, std::mt19937_64& random) {
  const VerifyOptions options = trusting(chain);
  TestBundle bundle = whole;
  std::string& text = bundle.*file;
  for (std::size_t at = random() % step; at < text.size(); at += step) {
    const char was = text[at];
    text[at] = static_cast<char>(was ^ static_cast<char>(1 + random() % 255));
    const Verification result = bundle.verify(options);
    ASSERT_NE(exit_code_of(result.verdict), 0) << "byte " << at << " of " << text;
    ASSERT_FALSE(result.findings.front().place.file.empty());
    text[at] = was;
  }
}

TEST(BundleTest, R18EachChangedByteOfASmallBundleIsSeen) {
  std::mt19937_64 random(test_seed());
  TestChain chain;
  chain.use_record_key(test_record_key('k'));
  chain.add_group(2);
  chain.rotate();
  const TestBundle bundle = chain.bundle();
  for (const auto file : {&TestBundle::keys, &TestBundle::commits, &TestBundle::records}) {
    change_bytes(chain, bundle, file, byte_step(3), random);
  }
}

TEST(BundleTest, R18ChangedBytesOfALargeBundleAreSeen) {
  std::mt19937_64 random(test_seed());
  const std::uint64_t step = byte_step(499);
  const R18 r18;
  change_bytes(r18.chain, r18.bundle, &TestBundle::commits, step, random);
  change_bytes(r18.chain, r18.bundle, &TestBundle::records, step, random);
}

TEST(BundleTest, R18AnyChangedByteOfACheckpointIsSeen) {
  const TestChain chain = chain_of_groups({1});
  TestBundle bundle = chain.bundle();
  bundle.checkpoints.push_back(chain.checkpoint());
  std::string& text = bundle.checkpoints[0].text;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char was = text[at];
    text[at] = static_cast<char>(was ^ 1);
    EXPECT_NE(bundle.verify(trusting(chain)).verdict, Verdict::Valid) << "byte " << at;
    text[at] = was;
  }
}

TEST(BundleTest, R18LinesThatWereMovedAreSeenWhereTheyStand) {
  using Lines = std::vector<std::string>;
  struct Case {
    const char* what;
    std::string TestBundle::*file;
    std::function<void(Lines&)> edit;
    const char* finding;
  };
  const Case cases[] = {
      {"a record deleted", &TestBundle::records, [](Lines& l) { l.erase(l.begin() + 4); },
       "invalid: record 6 stands where 5 must (record 5, records.jsonl line 5)"},
      {"the first record deleted", &TestBundle::records, [](Lines& l) { l.erase(l.begin()); },
       "invalid: record 2 stands where 1 must (record 1, records.jsonl line 1)"},
      {"the last record deleted", &TestBundle::records, [](Lines& l) { l.pop_back(); },
       "invalid: records of the last group are missing (record 200, records.jsonl line 201)"},
      {"two records swapped", &TestBundle::records, [](Lines& l) { std::swap(l[7], l[8]); },
       "invalid: record 9 stands where 8 must (record 8, records.jsonl line 8)"},
      {"a record doubled", &TestBundle::records, [](Lines& l) { l.insert(l.begin() + 3, l[2]); },
       "invalid: record 3 stands where 4 must (record 4, records.jsonl line 4)"},
      {"a record added", &TestBundle::records, [](Lines& l) { l.push_back(l[0]); },
       "invalid: the record belongs to no commit (record 0, records.jsonl line 201)"},
      {"a commit deleted", &TestBundle::commits, [](Lines& l) { l.erase(l.begin() + 2); },
       "invalid: records 4 to 6 are missing (record 4, commits.jsonl line 3)"},
      {"two commits swapped", &TestBundle::commits, [](Lines& l) { std::swap(l[3], l[4]); },
       "invalid: records 7 to 10 are missing (record 7, commits.jsonl line 4)"},
      {"a commit doubled", &TestBundle::commits, [](Lines& l) { l.insert(l.begin() + 1, l[0]); },
       "invalid: the chain goes back; 2 is next (record 1, commits.jsonl line 2)"},
      {"the last commit deleted", &TestBundle::commits, [](Lines& l) { l.pop_back(); },
       "invalid: the record belongs to no commit (record 0, records.jsonl line 185)"},
  };
  const R18 r18;
  for (const Case& each : cases) {
    TestBundle bundle = r18.bundle;
    edit_lines(&(bundle.*each.file), each.edit);
    EXPECT_EQ(first_finding(bundle.verify(trusting(r18.chain))), each.finding) << each.what;
  }
}

TEST(BundleTest, ARangeInTheMiddleThatIsMissingIsIncomplete) {
  const TestChain chain = chain_of_groups({2, 3, 2});
  TestBundle bundle = chain.bundle();
  edit_lines(&bundle.commits, [](auto& lines) { lines.erase(lines.begin() + 1); });
  edit_lines(&bundle.records,
             [](auto& lines) { lines.erase(lines.begin() + 2, lines.begin() + 5); });
  const Verification result = bundle.verify(trusting(chain));
  EXPECT_EQ(first_finding(result),
            "incomplete: records 3 to 5 are missing (record 3, commits.jsonl line 2)");
  EXPECT_EQ(exit_code_of(result.verdict), 1);
}

TEST(BundleTest, NumbersThatTheLogItselfSkippedAreNoFault) {
  TestChain chain = chain_of_groups({2});
  chain.skip(1'000);
  chain.add_group(2);
  EXPECT_EQ(first_finding(chain.bundle().verify(trusting(chain))), "valid");
}

TEST(BundleTest, ATailThatWasCutOffIsSeenByACheckpoint) {
  const TestChain whole = chain_of_groups({2, 3, 2});
  const TestChain cut = chain_of_groups({2, 3});
  TestBundle bundle = cut.bundle();
  EXPECT_EQ(first_finding(bundle.verify(trusting(cut))), "valid");
  bundle.checkpoints = {whole.checkpoint()};
  EXPECT_THAT(first_finding(bundle.verify(trusting(cut))),
              HasSubstr("incomplete: records 6 to 7 are missing: a checkpoint names them"));
}

TEST(BundleTest, ATailThatWasCutOffAtAGroupIsSeenByKeysJson) {
  const TestChain chain = chain_of_groups({2, 3, 2});
  TestBundle bundle = chain_of_groups({2, 3}).bundle();
  bundle.keys = chain.bundle().keys;
  EXPECT_THAT(first_finding(bundle.verify(trusting(chain))), HasSubstr("is not what it signed"));
}

TEST(BundleTest, ABundleFromTheMiddleBeginsWhereItsKeysSay) {
  TestChain chain = chain_of_groups({2, 3, 2});
  TestBundle bundle = chain.bundle();
  edit_lines(&bundle.commits, [](auto& lines) { lines.erase(lines.begin()); });
  edit_lines(&bundle.records, [](auto& lines) { lines.erase(lines.begin(), lines.begin() + 2); });
  EXPECT_THAT(first_finding(bundle.verify(trusting(chain))), HasSubstr("is not what it signed"));
  const KeyRing ring = read_key_ring(bundle.keys).value();
  bundle.keys = write_key_ring(cut_key_ring(ring, 3, 7));
  EXPECT_EQ(first_finding(bundle.verify(trusting(chain))), "valid");
}

TEST(BundleTest, AnAnchorIsACheckpointOfTheLastCommit) {
  TestChain chain = chain_of_groups({2});
  const CheckpointText early = chain.checkpoint();
  chain.add_group(1);
  VerifyOptions options = trusting(chain);
  options.requires_anchor = true;
  TestBundle bundle = chain.bundle();
  EXPECT_THAT(first_finding(bundle.verify(options)),
              HasSubstr("incomplete: no checkpoint names the last commit"));
  bundle.checkpoints = {early};
  EXPECT_EQ(bundle.verify(options).verdict, Verdict::Incomplete);
  bundle.checkpoints.push_back(chain.checkpoint());
  EXPECT_EQ(first_finding(bundle.verify(options)), "valid");
}

TEST(BundleTest, ACheckpointOfARewrittenLogIsSeen) {
  TestChain chain = chain_of_groups({2, 1});
  TestChain other = chain_of_groups({2});
  other.add_record(other.gap_payload(77));
  TestBundle bundle = chain.bundle();
  bundle.checkpoints = {other.checkpoint()};
  EXPECT_EQ(first_finding(bundle.verify(trusting(chain))),
            "invalid: the commit is not the one of the checkpoint "
            "checkpoints/00000000000000000003.json (record 3, commits.jsonl line 2)");
}

TEST(BundleTest, RecordsOfAnotherLogAreNotSpliceable) {
  TestChain chain = chain_of_groups({1, 1});
  TestChain other("betrace/test/a/00000002");
  other.add_group(1);
  other.add_group(1);
  TestBundle bundle = chain.bundle();
  const TestBundle foreign = other.bundle();
  edit_lines(&bundle.records, [&](auto& lines) { lines[1] = lines_of(foreign.records)[1]; });
  EXPECT_EQ(first_finding(bundle.verify(trusting(chain))),
            "invalid: the record is of another log (record 2, records.jsonl line 2)");
  edit_lines(&bundle.commits, [&](auto& lines) { lines[1] = lines_of(foreign.commits)[1]; });
  EXPECT_EQ(first_finding(bundle.verify(trusting(chain))),
            "invalid: the commit is of another log (record 2, commits.jsonl line 2)");
}

TEST(BundleTest, ASignatureThatWasTakenAwayOrExchangedIsSeen) {
  const TestChain chain = chain_of_groups({1, 1});
  const auto with = [&](const std::function<void(CommitEnvelope&)>& edit) {
    TestBundle bundle = chain.bundle();
    edit_lines(&bundle.commits, [&](auto& lines) {
      CommitEnvelope envelope = read_envelope(lines[1]).value();
      edit(envelope);
      lines[1] = write_envelope(envelope);
    });
    return first_finding(bundle.verify(trusting(chain)));
  };
  EXPECT_EQ(with([](auto& envelope) { envelope.signature.clear(); }),
            "invalid: the commit is not signed (record 0, commits.jsonl line 2)");
  EXPECT_EQ(with([&](auto& envelope) {
              envelope.signature = read_envelope(lines_of(chain.bundle().commits)[0])->signature;
            }),
            "invalid: the signature is wrong (record 0, commits.jsonl line 2)");
  EXPECT_EQ(with([](auto& envelope) { envelope.kid = "ed25519:00000000"; }),
            "invalid: the commit is signed by a key that keys.json does not have (record 0, "
            "commits.jsonl line 2)");
}

TEST(BundleTest, AnHmacCannotBeTakenAwayAddedOrChanged) {
  TestChain chain;
  chain.use_record_key(test_record_key('k'));
  chain.add_group(2);
  const auto with = [&](const std::string& mac, VerifyOptions options) {
    TestBundle bundle = chain.bundle();
    edit_lines(&bundle.records, [&](auto& lines) {
      EvidenceRecord record = read_record_line(lines[1]).value();
      record.mac = mac;
      lines[1] = write_record_line(record);
    });
    return first_finding(bundle.verify(options));
  };
  const std::string good = test_record_key('k').mac(chain.gap_payload(2));
  EXPECT_EQ(with(good, trusting(chain)), "valid");
  EXPECT_THAT(with("", trusting(chain)), HasSubstr("the HMAC that the payload names is missing"));
  std::string wrong = good;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_THAT(with(wrong, trusting(chain)),
              HasSubstr("the HMACs of records 1 to 2 are not those that were signed"));
  VerifyOptions knowing = trusting(chain);
  knowing.record_keys.previous.push_back(test_record_key('k'));
  EXPECT_EQ(with(wrong, knowing), "invalid: the HMAC is wrong (record 2, records.jsonl line 2)");
}

TEST(BundleTest, AKeyThatATrustedKeyNamesIsTrustedInBothDirections) {
  TestChain chain = chain_of_groups({2});
  chain.rotate();
  chain.add_group(1);
  EXPECT_EQ(first_finding(chain.bundle().verify(trusting(chain))), "valid");
  VerifyOptions newest;
  newest.trusted.push_back(fingerprint_of(test_signing_key(2).public_key()));
  EXPECT_EQ(first_finding(chain.bundle().verify(newest)), "valid");
}

TEST(BundleTest, AKeyThatBeginsWithoutAKeyEventIsInvalid) {
  TestChain chain = chain_of_groups({2});
  chain.replace_key();
  chain.add_group(1);
  EXPECT_THAT(first_finding(chain.bundle().verify(trusting(chain))),
              HasSubstr("begins without a key event (record 3"));
}

TEST(BundleTest, ACompromisedKeyCountsUpToACheckpointThatIsHeld) {
  TestChain chain = chain_of_groups({2});
  chain.add_group(1);
  chain.rotate(KeyStatus::Compromised);
  TestBundle bundle = chain.bundle();
  EXPECT_THAT(first_finding(bundle.verify(trusting(chain))),
              HasSubstr("is compromised, and no checkpoint that you hold covers"));
  TestChain until_event = chain_of_groups({2, 1});
  bundle.checkpoints = {until_event.checkpoint()};
  EXPECT_EQ(bundle.verify(trusting(chain)).verdict, Verdict::Invalid) << "it is not held";
  // A held one of the last group of that key: it is the key event.
  TestChain old = chain_of_groups({2, 1});
  const std::vector<std::string> commits = lines_of(bundle.commits);
  bundle.checkpoints = {{"held.json", commits[2], true}};
  EXPECT_EQ(first_finding(bundle.verify(trusting(chain))), "valid");
}

TEST(BundleTest, WhatIsNewerOrOfAnotherAlgorithmIsNotJudged) {
  const TestChain chain = chain_of_groups({1});
  TestBundle bundle = chain.bundle();
  const std::size_t at = bundle.keys.find("\"ed25519\"");
  bundle.keys.replace(at, 9, "\"ed448\"");
  EXPECT_EQ(exit_code_of(bundle.verify(trusting(chain)).verdict), 78);
  TestChain newer;
  std::string payload = newer.gap_payload(1);
  payload.replace(payload.find("\"v\":1"), 5, "\"v\":2");
  newer.add_record(payload);
  EXPECT_EQ(first_finding(newer.bundle().verify(trusting(newer))),
            "newer: the payload is of a newer version (record 1, records.jsonl line 1)");
}

TEST(BundleTest, AKeyOfNobodyInKeysJsonIsSeen) {
  const TestChain chain = chain_of_groups({1});
  TestBundle bundle = chain.bundle();
  KeyRing ring = read_key_ring(bundle.keys).value();
  RingKey other = ring.keys[0];
  other.key = test_signing_key(9).public_key();
  ring.keys.push_back(other);
  bundle.keys = write_key_ring(ring);
  EXPECT_THAT(first_finding(bundle.verify(trusting(chain))), HasSubstr("signed nothing"));
}

TEST(BundleTest, APayloadThatIsNotCanonicalIsInvalidEvenIfItWasSigned) {
  TestChain chain;
  std::string payload = chain.gap_payload(1);
  payload.insert(1, " ");
  chain.add_record(payload);
  EXPECT_THAT(first_finding(chain.bundle().verify(trusting(chain))),
              HasSubstr("invalid: payload is not in canonical form (record 1"));
}

// Each minute has its record, but for one.
TestChain chain_of_a_month(int missing) {
  constexpr int kMinutes = 30 * 24 * 60;
  constexpr UnixNanos kBegin = 1'767'225'600 * kNanosPerSecond;  // 2026-01-01T00:00:00Z
  const auto time = [](int minute) {
    return kBegin + static_cast<UnixNanos>(minute) * 60 * kNanosPerSecond;
  };
  TestChain chain;
  chain.add_record(chain.payload("start", kBegin, {{"crash", false}}));
  std::vector<std::string> group;
  for (int minute = 0; minute < kMinutes; ++minute) {
    const Json members = {{"from", format_rfc3339(time(minute), 9)},
                          {"to", format_rfc3339(time(minute + 1), 9)}};
    if (minute != missing) group.push_back(chain.payload("coverage", time(minute + 1), members));
    if (group.size() < 480 && minute + 1 < kMinutes) continue;
    chain.add(group);
    group.clear();
  }
  chain.add_record(chain.payload("stop", time(kMinutes)));
  return chain;
}

TEST(BundleTest, AMonthWithAKnownGapReportsExactlyThatGap) {
  const TestChain chain = chain_of_a_month(17 * 24 * 60 + 3 * 60 + 12);
  const Verification result = chain.bundle().verify(trusting(chain));
  EXPECT_EQ(first_finding(result),
            "incomplete: no coverage record tells of 2026-01-18T03:12:00Z to "
            "2026-01-18T03:13:00Z (record 24674, records.jsonl line 24674)");
  EXPECT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(exit_code_of(result.verdict), 1);
  EXPECT_TRUE(result.unseen.empty());
}

TEST(BundleTest, TimesInWhichTheServiceDidNotRunAreToldAndNoFinding) {
  TestChain chain;
  const UnixNanos begin = 1'767'225'600 * kNanosPerSecond;
  chain.add_record(chain.payload("start", begin));
  chain.add_record(chain.payload("stop", begin + 1));
  chain.add_record(chain.payload("start", begin + 3'600 * kNanosPerSecond));
  const Verification result = chain.bundle().verify(trusting(chain));
  EXPECT_EQ(first_finding(result), "valid");
  ASSERT_EQ(result.unseen.size(), 1U);
  EXPECT_EQ(result.unseen[0].cause, UnseenCause::Stopped);
  EXPECT_EQ(result.unseen[0].from, begin + 1);
  EXPECT_EQ(result.unseen[0].to, begin + 3'600 * kNanosPerSecond);
  EXPECT_EQ(result.unseen[0].sequence, 3U);
}

TEST(BundleTest, ARecordOfAMinuteThatDoesNotSayWhichIsInvalid) {
  TestChain chain;
  chain.add_record(chain.payload("coverage", 1, {{"from", "2026-01-01T00:00:00Z"}}));
  EXPECT_THAT(first_finding(chain.bundle().verify(trusting(chain))),
              HasSubstr("invalid: the payload lacks its times (record 1"));
}

// A log of which retention removed the first group of two; `hash` is that of its commit.
std::string verified_after_retention(std::uint64_t last_seq, const char* hash_of) {
  TestChain chain = chain_of_groups({2});
  const Sha256 hash = std::string_view(hash_of) == "it" ? chain.last_hash() : sha256(hash_of);
  Json payload = Json::object();
  add_retention({"age", 1, last_seq, hash}, &payload);
  chain.add_record(chain.payload("retention", kNanosPerSecond, payload));
  TestBundle bundle = chain.bundle();
  edit_lines(&bundle.commits, [](auto& lines) { lines.erase(lines.begin()); });
  edit_lines(&bundle.records, [](auto& lines) { lines.erase(lines.begin(), lines.begin() + 2); });
  bundle.keys = write_key_ring(cut_key_ring(read_key_ring(bundle.keys).value(), 3, 3));
  VerifyOptions options = trusting(chain);
  options.requires_beginning = true;
  const Verification result = bundle.verify(options);
  return first_finding(result) + ", " + std::string(name_of(result.beginning));
}

TEST(BundleTest, AWholeLogMayBeginBehindWhatRetentionRemoved) {
  EXPECT_EQ(verified_after_retention(2, "it"), "valid, retention");
}

TEST(BundleTest, AWholeLogWithoutItsBeginningIsIncomplete) {
  EXPECT_THAT(verified_after_retention(1, "it"),
              HasSubstr("incomplete: records 1 to 2 are missing, and no retention record says "));
}

TEST(BundleTest, ARetentionRecordOfAnotherCommitIsInvalid) {
  EXPECT_THAT(verified_after_retention(2, "another"),
              HasSubstr("invalid: the retention record names another commit than the one before"));
}

TEST(BundleTest, ARetentionRecordThatSaysNothingIsInvalid) {
  TestChain chain;
  chain.add_record(chain.payload("retention", kNanosPerSecond, {{"reason", "age"}}));
  EXPECT_THAT(first_finding(chain.bundle().verify(trusting(chain))),
              HasSubstr("invalid: payload member last_hash is wrong (record 1"));
}

}  // namespace
}  // namespace betrace::evidence
