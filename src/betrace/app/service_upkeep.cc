#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <utility>

#include "betrace/app/service_parts.h"
#include "betrace/base/hex.h"

namespace betrace::app {
namespace {

using telemetry::CheckState;
using telemetry::Readiness;

constexpr std::chrono::milliseconds kWatchInterval{1'000};
constexpr std::chrono::minutes kInsecureInterval{10};
constexpr std::chrono::hours kUnsignedInterval{1};
constexpr std::chrono::hours kCleanUpInterval{1};

}  // namespace

Result<void> Service::Parts::watch_rules() {
  report_problems();
  report_storage();
  watcher_ = std::make_unique<RuleWatcher>(options_.storage_path, kWatchInterval, [this] {
    tend_memory();
    tend_stores();
    tend_evidence();
    clean_up_rules();
    tend_access();
  });
  return {};
}

// The allocator keeps what was freed. Without this, ingest that is refused for memory would stay
// refused after everything is judged.
void Service::Parts::tend_memory() {
  if (options_.memory_bytes_max == 0) return;
  if (telemetry::resident_memory_bytes() > soft_memory()) malloc_trim(0);
}

// A checkpoint follows each coverage record, which is committed by the next turn.
void Service::Parts::tend_evidence() {
  const Now now = read_clocks();
  checkpoints_->tend(now.monotonic);
  if (clerk_->advance(now)) checkpoints_->make_due();
  if (is_signing() || now.monotonic < told_unsigned_ + kUnsignedInterval) return;
  told_unsigned_ = now.monotonic;
  warn_unsigned();
}

void Service::Parts::warn_unsigned() {
  log_.warn("records are unsigned: signature_key is not set");
}

void Service::Parts::tend_access() {
  access_files_.look();
  if (options_.access.rules.mode != api::AuthMode::Insecure) return;
  const MonotonicTime now = read_clocks().monotonic;
  if (told_insecure_ && now - *told_insecure_ < kInsecureInterval) return;
  told_insecure_ = now;
  log_.warn("everything is open to everybody who can connect: insecure is set");
}

void Service::Parts::clean_up_rules() {
  const MonotonicTime now = read_clocks().monotonic;
  if (cleaned_up_ && now - *cleaned_up_ < kCleanUpInterval) return;
  cleaned_up_ = now;
  const auto removed = rules_->clean_up(options_.tombstone_age);
  if (!removed) {
    log_.warn("files of deleted rules stay", {{"reason", removed.error().message}});
  } else if (*removed != 0) {
    log_.info("files of rules deleted long ago are removed", {{"count", *removed}});
  }
}

void Service::Parts::tend_stores() {
  if (rules_->status().is_read_only && rules_->probe()) log_.info("rules can be written again");
  const auto done = control_->refresh(read_clocks().wall);
  const std::string reason = done ? "" : done.error().message;
  if (reason != directory_problem_ && !reason.empty()) {
    log_.warn("the rule directory cannot be read", {{"reason", reason}});
  }
  directory_problem_ = reason;
  report_problems();
  report_storage();
}

// Each problem is logged when it comes up, not at every look.
void Service::Parts::report_problems() {
  std::map<std::string, std::string> problems;
  std::set<std::string> damaged;
  for (const storage::RuleProblem& problem : rules_->snapshot()->problems) {
    const std::string subject = "file " + problem.file;
    const bool is_aside = !problem.quarantined_as.empty();
    const std::string aside = is_aside ? "; set aside as " + problem.quarantined_as : "";
    problems.emplace(subject, problem.message + aside);
    if (is_aside) damaged.insert(subject);
  }
  const control::LoadedRulesPtr loaded = control_->rules();
  for (const control::LoadedRulePtr& rule : loaded->rules) {
    if (!rule->problem.empty()) problems.emplace("rule " + rule->rule.id, rule->problem);
  }
  for (const auto& [subject, reason] : problems) {
    const auto known = problems_.find(subject);
    if (known != problems_.end() && known->second == reason) continue;
    if (damaged.contains(subject)) {
      log_.error("not in force", {{"subject", subject}, {"reason", reason}});
    } else {
      log_.warn("not in force", {{"subject", subject}, {"reason", reason}});
    }
  }
  problems_ = std::move(problems);
  if (const std::size_t invalid = loaded->invalid_count(); invalid == 0) {
    readiness_.set(Readiness::kRuleEngine, CheckState::Ok);
  } else {
    readiness_.set(Readiness::kRuleEngine, CheckState::Degraded,
                   fmt::format("{} invalid", invalid));
  }
}

void Service::Parts::report_storage() {
  const storage::RuleStoreStatus rules = rules_->status();
  const storage::ViolationLogStatus log = violations_->status();
  const std::size_t quarantined = rules.quarantined + log.quarantined;
  if (!directory_problem_.empty()) {
    readiness_.set(Readiness::kStorage, CheckState::Error, directory_problem_);
  } else if (rules.is_read_only) {
    readiness_.set(Readiness::kStorage, CheckState::Error, rules.reason);
  } else if (log.is_failing) {
    readiness_.set(Readiness::kStorage, CheckState::Error, log.reason);
  } else if (quarantined != 0) {
    readiness_.set(Readiness::kStorage, CheckState::Degraded,
                   fmt::format("{} quarantined", quarantined));
  } else {
    readiness_.set(Readiness::kStorage, CheckState::Ok);
  }
  readiness_.warn("corrupt_file_quarantined", quarantined != 0);
  readiness_.warn("log_on_network_fs", log.is_on_network);
  readiness_.warn("log_removed_unexported", log.has_removed_unexported);
}

// Who seals the log is said at each start, and loudly when the key was made just now.
void Service::Parts::report_signing() {
  const evidence::RingKey key = violations_->key_ring().keys.back();
  const std::string fingerprint = to_hex(evidence::fingerprint_of(key.key));
  const bool is_new = violations_->status().has_new_key;
  log_.log(is_new ? telemetry::LogLevel::Warn : telemetry::LogLevel::Info,
           is_new ? "a key that seals the log was made; hand its fingerprint to who verifies"
                  : "the log is sealed",
           {{"kid", key.kid()}, {"fingerprint", fingerprint}});
  if (is_signing()) return;
  told_unsigned_ = read_clocks().monotonic;
  warn_unsigned();
}

}  // namespace betrace::app
