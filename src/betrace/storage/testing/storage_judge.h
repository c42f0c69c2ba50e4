// Holds what is on disk against what clients were told.
//
// Acknowledged is there, with the right content; refused is absent; what was never answered is
// there as a whole or not at all; nothing else is there, and nothing twice.
#pragma once

#include "betrace/storage/testing/storage_workload.h"

namespace betrace::storage {

/// Fails the test that calls it, naming what is wrong. Notes in the journal what became of a change
/// that was never answered.
void judge_storage(StorageJournal& journal, StorageWorkload& workload);

/// Fails the test unless each copy that was acknowledged is there and holds what it must, and each
/// other is whole or not there at all. `path` holds them.
void judge_copies(const StorageJournal& journal, const std::string& path);

/// Fails the test unless memory holds the rules that the files do, or says which it could not read.
void expect_memory_equals_disk(RuleStore& rules);

}  // namespace betrace::storage
