#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/check.h"
#include "betrace/base/mutant.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/rule_document.h"
#include "betrace/storage/rule_store_core.h"

namespace betrace::storage {
namespace {

// Returns nothing if the rule `id` may be written. Error FailedPrecondition.
Result<void> check_writable(const RuleStore::Core& core, const RuleSnapshot& current,
                            std::string_view id) {
  const auto rule = current.rules.find(id);
  if (rule != current.rules.end() && rule->second->is_read_only) {
    return fail(
        ErrorCode::FailedPrecondition,
        fmt::format("the rule comes from {}, which is not written here", rule->second->file));
  }
  const std::string file = rule_file_name(id);
  if (core.directory.is_of_newer_format(file)) {
    return fail(ErrorCode::FailedPrecondition, fmt::format("{} has a newer format", file));
  }
  return {};
}

}  // namespace

RuleChange::RuleChange(std::unique_ptr<State> state) : state_(std::move(state)) {}
RuleChange::RuleChange(RuleChange&&) noexcept = default;

RuleChange::~RuleChange() {
  if (state_ != nullptr && state_->is_written) static_cast<void>(roll_back());
}

const RuleSnapshot& RuleChange::current() const noexcept { return *state_->current; }
const RuleChanges& RuleChange::found() const noexcept { return state_->found; }

Result<void> RuleChange::put(model::Rule rule) {
  BETRACE_CHECK(check_rule_fields(rule).has_value() && rule.revision > 0 && !state_->is_written);
  if (auto checked = check_writable(*state_->core, *state_->current, rule.id); !checked) {
    return checked;
  }
  return stage(rule_file_name(rule.id), rule_file_bytes(rule));
}

Result<void> RuleChange::remove(std::string_view id, UnixNanos deleted_at, std::string actor) {
  BETRACE_CHECK(!state_->is_written);
  const auto rule = state_->current->rules.find(id);
  if (rule == state_->current->rules.end()) {
    return fail(ErrorCode::NotFound, fmt::format("rule {} does not exist", id));
  }
  if (auto checked = check_writable(*state_->core, *state_->current, id); !checked) return checked;
  return stage(rule_file_name(id),
               tombstone_bytes({rule->second->rule, deleted_at, std::move(actor)}));
}

Result<void> RuleChange::stage(std::string file, std::string bytes) {
  const auto same_file = [&](const FileChange& change) { return change.name == file; };
  const auto staged = std::find_if(state_->staged.begin(), state_->staged.end(), same_file);
  if (staged != state_->staged.end()) {
    staged->after = std::move(bytes);
    return {};
  }
  auto before = read_file(state_->core->files, state_->directory.number(), file,
                          kRuleDocumentBytesMax, Links::Refuse);
  if (!before && before.error().code == ErrorCode::Corrupt) {
    return fail(ErrorCode::FailedPrecondition, before.error().message);
  }
  if (!before && before.error().code != ErrorCode::NotFound) return fail(before.error());
  std::optional<std::string> old;
  if (before) old = *std::move(before);
  state_->staged.push_back({std::move(file), std::move(old), std::move(bytes)});
  return {};
}

Result<void> RuleChange::write() {
  BETRACE_CHECK(!state_->is_written);
  RuleStore::Core& core = *state_->core;
  const auto written = apply_changes(core.files, state_->directory.number(), state_->staged);
  if (written) {
    state_->is_written = true;
    return {};
  }
  core.note_error(written.error());
  if (written.error().code == ErrorCode::StorageUncertain) {
    static_cast<void>(core.look_again(state_->staged));
  }
  return written;
}

Result<void> RuleChange::roll_back() {
  if (!state_->is_written || is_mutant('e')) return {};
  state_->is_written = false;
  RuleStore::Core& core = *state_->core;
  auto handle = core.open_directory();
  auto undone = handle ? apply_changes(core.files, handle->number(), reversed(state_->staged))
                       : Result<void>(fail(handle.error()));
  if (undone) return {};
  core.note_error(undone.error());
  static_cast<void>(core.look_again(state_->staged));
  return fail(ErrorCode::StorageUncertain, undone.error().message);
}

RuleSnapshotPtr RuleChange::commit() {
  BETRACE_CHECK(state_->is_written || state_->staged.empty());
  RuleStore::Core& core = *state_->core;
  for (const FileChange& change : state_->staged) {
    if (state_->is_written) core.directory.adopt(change.name, *change.after);
  }
  core.publish(core.directory.snapshot(core.snapshot()));
  const RuleSnapshotPtr snapshot = core.snapshot();
  state_.reset();
  return snapshot;
}

}  // namespace betrace::storage
