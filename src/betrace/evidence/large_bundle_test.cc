// Goal: R18 at its counts: whatever is done to one line of a long bundle is seen, and where it
// stands. Method: a chain of BETRACE_EVIDENCE_RECORDS records (200) with a change of the key in its
// middle, edited at random places.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/test_seed.h"
#include "betrace/evidence/testing/test_chain.h"

namespace betrace::evidence {
namespace {

using Lines = std::vector<std::string>;
using Random = std::mt19937_64;

constexpr std::size_t kGroupMax = 40;
constexpr int kEditsOfAKind = 8;

std::size_t wanted_records() {
  const char* const given = std::getenv("BETRACE_EVIDENCE_RECORDS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 200;
}

Lines split(const std::string& text) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string join(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).push_back('\n');
  return text;
}

// A chain, its bundle by lines, and which records the groups have.
struct LongBundle {
  LongBundle(const std::string& log, std::uint64_t seed) : chain(log) {
    Random random(seed);
    const std::size_t wanted = wanted_records();
    chain.use_record_key(test_record_key('k'));
    while (ends.empty() || ends.back() < wanted) {
      add(1 + random() % kGroupMax);
      if (!is_rotated && ends.back() > wanted / 2) rotate();
    }
    TestBundle texts = chain.bundle();
    keys = texts.keys;
    records = split(texts.records);
    commits = split(texts.commits);
  }

  void add(std::size_t count) {
    chain.add_group(count);
    ends.push_back((ends.empty() ? 0 : ends.back()) + count);
  }
  // Two groups of one record each: what the old key says last, and the new one first.
  void rotate() {
    chain.rotate();
    ends.push_back(ends.back() + 1);
    ends.push_back(ends.back() + 1);
    is_rotated = true;
  }

  [[nodiscard]] Verification verify(const Lines& edited_records,
                                    const Lines& edited_commits) const {
    VerifyOptions options;
    options.trusted.push_back(chain.fingerprint());
    return TestBundle{join(edited_records), join(edited_commits), keys, {}}.verify(options);
  }
  // Last line of the group that line `line` of the records is in; lines count from 1.
  [[nodiscard]] std::uint64_t end_of_group(std::uint64_t line) const {
    return *std::lower_bound(ends.begin(), ends.end(), line);
  }

  TestChain chain;
  std::string keys;
  Lines records;
  Lines commits;
  std::vector<std::uint64_t> ends;
  bool is_rotated = false;
};

struct Edit {
  const char* what;
  /// Changes the line at `at`, which is not the last one, or those from it on.
  std::function<void(Lines& lines, std::size_t at, Random& random)> apply;
};

void change_a_byte(Lines& lines, std::size_t at, Random& random) {
  char& byte = lines[at][random() % lines[at].size()];
  byte = static_cast<char>(byte ^ static_cast<char>(1 + random() % 255));
}

const std::vector<Edit>& edits() {
  static const std::vector<Edit> kEdits = {
      {"a byte changed", change_a_byte},
      {"deleted", [](Lines& lines, std::size_t at,
                     Random&) { lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at)); }},
      {"doubled",
       [](Lines& lines, std::size_t at, Random&) {
         lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[at]);
       }},
      {"swapped with the next",
       [](Lines& lines, std::size_t at, Random&) { std::swap(lines[at], lines[at + 1]); }},
      {"replaced by a later one",
       [](Lines& lines, std::size_t at, Random& random) {
         lines[at] = lines[at + 1 + random() % (lines.size() - at - 1)];
       }},
      {"cut off", [](Lines& lines, std::size_t at, Random&) { lines.resize(at); }},
      {"taken away within",
       [](Lines& lines, std::size_t at, Random& random) {
         lines[at].erase(random() % lines[at].size(), 1);
       }},
  };
  return kEdits;
}

class LargeBundleTest : public testing::Test {
 protected:
  LargeBundleTest() : seed_(test_seed()), random_(seed_), whole_("betrace/test/a/1", seed_) {}

  // A line of the records is seen at the latest where its group ends, or by the commit behind it.
  void expect_seen(const Verification& result, std::uint64_t line, const char* what) {
    SCOPED_TRACE(testing::Message() << "line " << line << ' ' << what);
    ASSERT_NE(exit_code_of(result.verdict), 0);
    const Finding& finding = result.findings.front();
    const std::uint64_t end = whole_.end_of_group(line);
    if (finding.place.file == kCommitsFile) {
      ASSERT_GE(finding.place.line, 2U) << finding.what;
      EXPECT_EQ(whole_.ends[finding.place.line - 2], end) << finding.what;
    } else {
      EXPECT_GE(finding.place.line, line) << finding.what;
      EXPECT_LE(finding.place.line, end + 1) << finding.what;
    }
  }
  std::size_t draw_line(const Lines& lines) { return random_() % (lines.size() - 1); }

  std::uint64_t seed_;
  Random random_;
  const LongBundle whole_;
};

TEST_F(LargeBundleTest, R18ItIsValidAsItIs) {
  const Verification result = whole_.verify(whole_.records, whole_.commits);
  EXPECT_EQ(name_of(result.verdict), "valid");
  EXPECT_GE(result.records, wanted_records());
  EXPECT_EQ(result.records, whole_.ends.back());
  EXPECT_EQ(result.commits, whole_.ends.size());
}

TEST_F(LargeBundleTest, R18WhateverIsDoneToARecordIsSeenInItsGroup) {
  for (const Edit& edit : edits()) {
    for (int i = 0; i < kEditsOfAKind; ++i) {
      Lines records = whole_.records;
      const std::size_t at = draw_line(records);
      edit.apply(records, at, random_);
      expect_seen(whole_.verify(records, whole_.commits), at + 1, edit.what);
    }
  }
}

TEST_F(LargeBundleTest, R18WhateverIsDoneToACommitIsSeen) {
  for (const Edit& edit : edits()) {
    for (int i = 0; i < kEditsOfAKind; ++i) {
      Lines commits = whole_.commits;
      const std::size_t at = draw_line(commits);
      edit.apply(commits, at, random_);
      const Verification result = whole_.verify(whole_.records, commits);
      ASSERT_NE(exit_code_of(result.verdict), 0) << edit.what << ", commit " << at + 1;
      const Place& place = result.findings.front().place;
      const bool is_commit = place.file == kCommitsFile;
      EXPECT_TRUE(is_commit ? place.line == at + 1 || place.line == at + 2
                            : place.line > (at == 0 ? 0 : whole_.ends[at - 1]))
          << edit.what << ", commit " << at + 1 << ": " << result.findings.front().what;
    }
  }
}

TEST_F(LargeBundleTest, R18NothingCanBeSplicedFromAnotherLog) {
  const LongBundle other("betrace/test/b/2", seed_);
  for (int i = 0; i < kEditsOfAKind; ++i) {
    Lines records = whole_.records;
    const std::size_t at = draw_line(records);
    records[at] = other.records[at];
    expect_seen(whole_.verify(records, whole_.commits), at + 1, "spliced");
  }
}

}  // namespace
}  // namespace betrace::evidence
