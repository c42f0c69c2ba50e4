#include "betrace/storage/rule_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "betrace/base/check.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/rule_document.h"

namespace betrace::storage {
namespace {

constexpr std::size_t kFilesMax = 100'000;
constexpr std::chrono::seconds kSettleTime{1};

bool same_problem(const RuleProblem& left, const RuleProblem& right) {
  return left.file == right.file && left.message == right.message;
}

bool same_problems(const std::vector<RuleProblem>& left, const std::vector<RuleProblem>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), same_problem);
}

bool same_stored(const StoredRule& left, const StoredRule& right) {
  return left.sha256 == right.sha256 && left.file == right.file &&
         left.is_read_only == right.is_read_only;
}

bool same_tombstones(const RuleSnapshot& left, const RuleSnapshot& right) {
  return std::equal(left.tombstones.begin(), left.tombstones.end(), right.tombstones.begin(),
                    right.tombstones.end(), [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.deleted_at == b.second.deleted_at &&
                             a.second.actor == b.second.actor;
                    });
}

// `2026-01-31T10:00:00.25Z` without what file names of other systems do not like.
}  // namespace

Result<void> RuleDirectory::look(int directory, Occasion occasion, const Now& now) {
  std::vector<std::string> names;
  const int listed = files_.list(directory, &names);
  if (listed < 0) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("cannot list the rule directory: {}", errno_text(-listed)));
  }
  const auto is_other = [](const std::string& name) { return !is_rule_file_name(name); };
  names.erase(std::remove_if(names.begin(), names.end(), is_other), names.end());
  std::sort(names.begin(), names.end());
  if (names.size() > kFilesMax) names.resize(kFilesMax);
  forget_missing(names);
  for (const std::string& name : names) {
    if (auto looked = look_at(directory, name, occasion, now); !looked) return looked;
  }
  if (files_.list(directory, &names) >= 0) {
    quarantined_ = static_cast<std::size_t>(std::count_if(
        names.begin(), names.end(),
        [](const std::string& name) { return name.find(kCorruptMark) != name.npos; }));
  }
  return {};
}

Result<void> RuleDirectory::look_at(int directory, const std::string& name, Occasion occasion,
                                    const Now& now) {
  FileStamp stamp;
  if (files_.stamp(directory, name, &stamp) < 0) {
    known_.erase(name);  // it went away meanwhile, or is a link to nothing
    return {};
  }
  const auto known = known_.find(name);
  const bool is_same = known != known_.end() && known->second.stamp == stamp;
  const bool is_due =
      is_same && !known->second.is_settled && now.monotonic - known->second.read_at >= kSettleTime;
  if (is_same && !is_due) return {};
  return read(directory, name, stamp, occasion, now);
}

Result<void> RuleDirectory::read(int directory, const std::string& name, const FileStamp& stamp,
                                 Occasion occasion, const Now& now) {
  const auto known = known_.find(name);
  const bool is_again = known != known_.end() && known->second.stamp == stamp;
  auto content =
      read_file(files_, directory, name, kRuleDocumentBytesMax, Links::Beneath)
          .and_then([&](const std::string& bytes) { return read_rule_file(name, bytes); });
  KnownFile file{stamp, now.monotonic, is_again, false, {}, {}};
  if (content) {
    file.content = *std::move(content);
    for (const std::string& problem : file.content.problems) {
      file.problems.push_back({name, problem, ""});
    }
    set_aside_.erase(name);
    known_[name] = std::move(file);
    return {};
  }
  const Error& error = content.error();
  file.is_newer = error.code == ErrorCode::Unsupported;
  if (file.is_newer && occasion == Occasion::Start) {
    return fail(error.code, fmt::format("{}: {}", name, error.message));
  }
  const bool is_readable = error.code == ErrorCode::Corrupt || file.is_newer;
  const bool is_corrupt = error.code == ErrorCode::Corrupt && stamp.is_regular;
  file.is_settled = is_again && is_readable;  // an I/O error is tried again each time
  // What was in force stays so until it is certain that the file will not be read.
  if (known != known_.end()) file.content = std::move(known->second.content);
  file.problems.push_back({name, error.message, ""});
  if (is_corrupt && (is_again || occasion == Occasion::Start)) {
    set_aside(directory, name, error.message, now, &file);
  }
  known_[name] = std::move(file);
  return {};
}

void RuleDirectory::set_aside(int directory, const std::string& name, const std::string& reason,
                              const Now& now, KnownFile* file) {
  file->content = {};
  const std::string new_name = fmt::format("{}{}{}", name, kCorruptMark, file_time(now.wall));
  const auto renamed = durable_rename(files_, directory, name, new_name);
  if (!renamed && renamed.error().code == ErrorCode::StorageFailed) return;  // skipped in memory
  set_aside_[name] = {name, reason, new_name};
  file->problems.clear();
}

void RuleDirectory::forget_missing(const std::vector<std::string>& names) {
  for (auto file = known_.begin(); file != known_.end();) {
    const bool is_there = std::binary_search(names.begin(), names.end(), file->first);
    file = is_there ? std::next(file) : known_.erase(file);
  }
}

void RuleDirectory::adopt(const std::string& file, std::string_view bytes) {
  auto content = read_rule_file(file, bytes);
  BETRACE_CHECK(content.has_value());
  KnownFile known;
  known.content = *std::move(content);
  known_[file] = std::move(known);  // its empty stamp is that of no file
  set_aside_.erase(file);
}

bool RuleDirectory::is_of_newer_format(const std::string& file) const {
  const auto known = known_.find(file);
  return known != known_.end() && known->second.is_newer;
}

RuleSnapshotPtr RuleDirectory::snapshot(const RuleSnapshotPtr& previous) const {
  auto next = std::make_shared<RuleSnapshot>();
  add_rules(next.get());
  add_rest(next.get());
  if (previous == nullptr) return next;
  bool is_equal = next->rules.size() == previous->rules.size() &&
                  same_tombstones(*next, *previous) &&
                  same_problems(next->problems, previous->problems);
  for (auto& [id, rule] : next->rules) {
    const auto before = previous->rules.find(id);
    const bool is_same = before != previous->rules.end() && same_stored(*before->second, *rule);
    if (is_same) rule = before->second;
    is_equal = is_equal && is_same;
  }
  next->revision = previous->revision + 1;
  return is_equal ? previous : next;
}

void RuleDirectory::add_rules(RuleSnapshot* next) const {
  for (const bool own_files : {true, false}) {  // `<id>.json` stands before any other file
    for (const auto& [name, file] : known_) {
      for (const auto& rule : file.content.rules) {
        if ((name == rule_file_name(rule->rule.id)) != own_files) continue;
        const auto [place, is_new] = next->rules.emplace(rule->rule.id, rule);
        if (is_new) continue;
        next->problems.push_back(
            {name,
             fmt::format("rule {} is in {} too, which counts", rule->rule.id, place->second->file),
             ""});
      }
    }
  }
}

void RuleDirectory::add_rest(RuleSnapshot* next) const {
  for (const auto& [name, file] : known_) {
    next->problems.insert(next->problems.end(), file.problems.begin(), file.problems.end());
    const auto& tombstone = file.content.tombstone;
    if (tombstone && next->rules.count(tombstone->rule.id) == 0) {
      next->tombstones.emplace(tombstone->rule.id, *tombstone);
    }
  }
  for (const auto& [name, problem] : set_aside_) next->problems.push_back(problem);
}

RuleChanges changes_between(const RuleSnapshot& before, const RuleSnapshot& after) {
  RuleChanges changes;
  for (const auto& [id, rule] : after.rules) {
    const auto old = before.rules.find(id);
    if (old == before.rules.end()) {
      changes.rules.push_back({id, nullptr, rule, ""});
    } else if (old->second->sha256 != rule->sha256) {
      changes.rules.push_back({id, old->second, rule, ""});
    }
  }
  for (const auto& [id, rule] : before.rules) {
    if (after.rules.count(id) > 0) continue;
    const auto tombstone = after.tombstones.find(id);
    changes.rules.push_back(
        {id, rule, nullptr, tombstone == after.tombstones.end() ? "" : tombstone->second.actor});
  }
  std::sort(changes.rules.begin(), changes.rules.end(),
            [](const auto& left, const auto& right) { return left.id < right.id; });
  for (const RuleProblem& problem : after.problems) {
    const auto is_it = [&](const RuleProblem& old) { return same_problem(old, problem); };
    if (std::none_of(before.problems.begin(), before.problems.end(), is_it)) {
      changes.new_problems.push_back(problem);
    }
  }
  return changes;
}

}  // namespace betrace::storage
