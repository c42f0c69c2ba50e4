#include <gtest/gtest.h>

#include "betrace/base/test_seed.h"
#include "betrace/evidence/violation_payload.h"
#include "betrace/storage/rule_file.h"
#include "betrace/storage/test_log.h"
#include "betrace/storage/testing/model_storage.h"

// Goal: R6, whatever becomes of the bytes of a file, the service starts and shows nothing that was
// altered. Method: of a rule file each bit is flipped and each end cut off; the files of a small
// log, closed in order or as by a kill, are damaged at random, BETRACE_DAMAGES times, and it is
// opened twice: before and after what could be saved was saved.

namespace betrace::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kViolations = 8;
constexpr std::size_t kPage = 4'096;

void expect_unaltered(const std::string& damaged, const std::string& original) {
  const auto read = read_rule_file("rule.json", damaged);
  if (!read) return;
  for (const auto& stored : read->rules) EXPECT_EQ(rule_file_bytes(stored->rule), original);
}

TEST(RuleFileDamageTest, NoBitOfARuleCanChangeUnseen) {
  model::Rule rule;
  rule.id = "rule";
  rule.name = "the name";
  rule.description = "what it is for";
  rule.expression = "span.duration > 1s and \"a\" = \"b\"";
  rule.tags = {"soc2:CC6.1"};
  const std::string bytes = rule_file_bytes(rule);
  expect_unaltered(bytes, bytes);
  ASSERT_EQ(read_rule_file("rule.json", bytes)->rules.size(), 1u);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    expect_unaltered(bytes.substr(0, size), bytes);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    SCOPED_TRACE(testing::Message() << "bit " << bit);
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    expect_unaltered(damaged, bytes);
  }
}

// Damages `bytes` somehow; returns how.
const char* damage(std::string& bytes, Random& random) {
  const auto below = [&random](std::size_t bound) { return random() % std::max(bound, 1UL); };
  const auto block = [&](std::size_t size) {
    return std::span(bytes).subspan(below(bytes.size() / size) * size).first(size);
  };
  const bool has_pages = bytes.size() >= 2 * kPage;
  switch (below(has_pages ? 6 : 2)) {
    case 0:
      bytes.resize(below(bytes.size()));
      return "cut off";
    case 2:
      std::ranges::fill(block(512), '\0');
      return "a sector of zeros";
    case 3:
      std::ranges::fill(block(kPage), '\0');
      return "a page of zeros";
    case 4:
      std::ranges::swap_ranges(block(kPage), block(kPage));
      return "two pages swapped";
    case 5:
      for (char& byte : block(64)) byte = static_cast<char>(random());
      return "noise";
    default:
      if (!bytes.empty()) {
        char& byte = bytes[below(bytes.size())];
        byte = static_cast<char>(byte ^ 1 << below(8));
      }
      return "a bit flipped";
  }
}

std::string payload_of(model::Violation violation) {
  return evidence::violation_payload({model::RecordType::Violation, std::move(violation)}, {});
}

class RandomDamageTest : public TestLog {
 protected:
  RandomDamageTest() : TestLog(fast_folder()) { options_.reserve_bytes = 0; }

  void SetUp() override {
    record(0, kViolations / 2);
    stop();
    record(kViolations / 2, kViolations);
    for (std::uint64_t i = 0; i < kViolations; ++i) {
      payloads_.push_back(payload_of(log().find(test_violation(i).key.id()).value().violation));
    }
    fs::copy(path(""), directory_.file("killed"), fs::copy_options::recursive);
    stop();
    fs::copy(path(""), directory_.file("ended"), fs::copy_options::recursive);
  }

  // Puts a store in place and damages one of its files; returns what was done.
  std::string damage_one(Random& random) {
    const bool is_killed = random() % 2 == 0;
    const std::string file = name(1) + (random() % 2 == 0 ? "" : "-wal");
    fs::remove_all(path(""));
    fs::copy(directory_.file(is_killed ? "killed" : "ended"), path(""),
             fs::copy_options::recursive);
    const std::string what = file + (is_killed ? ", killed: " : ", ended: ");
    if (random() % 20 == 0) {
      fs::remove(path(file));
      return what + "removed";
    }
    std::string bytes = directory_.read("state/" + file);
    const std::string how = damage(bytes, random);
    directory_.write("state/" + file, bytes);
    return what + how;
  }

  // Opens the log and looks at all that it shows; 0 if it is of a version that is not ours.
  std::uint64_t look() {
    auto opened = ViolationLog::open(options_);
    if (!opened && opened.error().code == ErrorCode::Unsupported) return 0;
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return 0;
    }
    for (std::uint64_t i = 0; i < kViolations; ++i) {
      auto found = (*opened)->find(test_violation(i).key.id());
      if (!found) continue;
      EXPECT_EQ(payload_of(std::move(found->violation)), payloads_[i]);
    }
    if (auto page = (*opened)->query({}); page) {
      EXPECT_LE(page->violations.size(), kViolations);
      for (StoredViolation& each : page->violations) {
        EXPECT_EQ(std::ranges::count(payloads_, payload_of(std::move(each.violation))), 1);
      }
    }
    EXPECT_TRUE((*opened)->stop(std::chrono::seconds(60)).has_value());
    return (*opened)->status().last_sequence;
  }

  std::vector<std::string> payloads_;  // by number of the violation
};

TEST_F(RandomDamageTest, TheLogStartsAndShowsNothingThatWasAltered) {
  const std::uint64_t seed = test_seed();
  Random random(seed);
  const std::uint64_t damages = test_count("BETRACE_DAMAGES", 150);
  for (std::uint64_t i = 0; i < damages && !HasFailure(); ++i) {
    SCOPED_TRACE(testing::Message()
                 << "BETRACE_SEED=" << seed << " damage " << i << ": " << damage_one(random));
    const std::uint64_t last = look();
    if (last == 0) continue;
    EXPECT_GT(look(), last) << "what was saved is opened, too";
  }
}

}  // namespace
}  // namespace betrace::storage
