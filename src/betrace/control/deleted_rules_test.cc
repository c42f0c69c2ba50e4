// Goal: deleted rules do not heap up on the disk, however many there are.
// Method: rules come and go, five hours apart, and are cleaned up as the server does it. No file is
// synced, since nothing crashes here. BETRACE_DELETED_RULES sets how many there are.

#include <cstdlib>
#include <filesystem>

#include "betrace/control/test_rule_control.h"

namespace betrace::control {
namespace {

constexpr UnixNanos kBetween = 5 * 3'600 * kSecond;
constexpr auto kAge = std::chrono::hours(30 * 24);
constexpr std::size_t kKept = 30 * 24 / 5;

std::size_t deleted_count() {
  const char* wanted = std::getenv("BETRACE_DELETED_RULES");
  return wanted == nullptr ? 1'000 : std::strtoull(wanted, nullptr, 10);
}

class DeletedRulesTest : public RuleControlTest {
 protected:
  [[nodiscard]] std::size_t rule_files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().extension() == ".json") ++count;
    }
    return count;
  }

  void create_and_delete(const std::string& id) {
    ASSERT_TRUE(create(make_rule(id), OnConflict::Fail, now_));
    ASSERT_TRUE(control_->remove(id, {}, at(now_)));
    records_.clear();
  }
};

TEST_F(DeletedRulesTest, TheFilesAreThoseOfTheLastThirtyDaysAndInTheEndNone) {
  disk_.skip_syncs();
  ASSERT_TRUE(create(make_rule("stays")));
  const std::size_t count = deleted_count();
  std::size_t removed = 0;
  for (std::size_t index = 0; index < count; ++index) {
    ASSERT_NO_FATAL_FAILURE(create_and_delete("rule-" + std::to_string(index)));
    now_ += kBetween;
    const auto cleaned = store_->clean_up(kAge);
    ASSERT_TRUE(cleaned) << cleaned.error().message;
    removed += *cleaned;
    // The youngest is five hours old; that which is thirty days old has just gone.
    ASSERT_EQ(store_->snapshot()->tombstones.size(), std::min(index + 1, kKept - 1));
    if (index % 100 == 0) {
      ASSERT_EQ(rule_files(), std::min(index + 1, kKept - 1) + 1);
    }
  }
  now_ += kBetween * static_cast<UnixNanos>(kKept);
  const auto last = store_->clean_up(kAge);
  ASSERT_TRUE(last);
  EXPECT_EQ(removed + *last, count);
  EXPECT_EQ(rule_files(), 1u);
  EXPECT_EQ(active_ids(), Ids{"stays"});
}

}  // namespace
}  // namespace betrace::control
