#include "betrace/storage/log_evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/merkle.h"
#include "betrace/storage/log_check.h"

namespace betrace::storage {
namespace {

std::uint64_t number_of(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

tl::unexpected<Error> not_as_committed(std::uint64_t sequence) {
  return fail(ErrorCode::Corrupt, fmt::format("record {} is not what was committed", sequence));
}

// Columns: seq, leaf, payload, mac.
Result<evidence::EvidenceRecord> read_evidence(const Statement& row) {
  evidence::EvidenceRecord record{number_of(row, 0), std::string(row.bytes(2)),
                                  std::string(row.bytes(3))};
  const Sha256 leaf = evidence::leaf_hash(record.sequence, record.payload);
  if (!is_digest(row.bytes(1), leaf)) return not_as_committed(record.sequence);
  return record;
}

// Columns: first_seq, last_seq, payload, signature.
EvidenceGroup read_group_row(const Statement& row) {
  EvidenceGroup group;
  group.first_seq = number_of(row, 0);
  group.last_seq = number_of(row, 1);
  group.envelope.payload = row.bytes(2);
  group.envelope.signature = row.bytes(3);
  const auto commit = evidence::read_commit_payload(group.envelope.payload);
  if (commit) group.envelope.kid = commit->kid;  // who cannot read it finds the payload wrong
  return group;
}

Result<void> read_records(GenerationReader& reader, EvidenceGroup* group, std::size_t* bytes) {
  auto rows = reader.database.prepare(
      "SELECT seq, leaf, payload, mac FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq");
  if (!rows) return fail(rows.error());
  rows->bind(0, group->first_seq).bind(1, group->last_seq);
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    auto record = read_evidence(*rows);
    if (!record) return fail(record.error());
    *bytes += record->payload.size();
    group->records.push_back(*std::move(record));
  }
}

// Adds groups of one generation until the bytes are spent; true if they are.
Result<bool> add_groups(GenerationReader& reader, const EvidenceQuery& query, std::size_t* bytes,
                        std::vector<EvidenceGroup>* groups) {
  auto rows = reader.database.prepare(
      "SELECT first_seq, last_seq, payload, signature FROM commit_group "
      "WHERE last_seq >= ? AND last_seq < ? AND first_seq <= ? ORDER BY last_seq");
  if (!rows) return fail(rows.error());
  rows->bind(0, query.first_seq).bind(1, reader.end_seq).bind(2, query.last_seq);
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return false;
    EvidenceGroup group = read_group_row(*rows);
    *bytes += group.envelope.payload.size();
    if (query.has_records) {
      if (auto read = read_records(reader, &group, bytes); !read) return fail(read.error());
    }
    groups->push_back(std::move(group));
    if (*bytes >= query.bytes_max) return true;
  }
}

Result<EvidenceProof> read_proof(GenerationReader& reader, std::uint64_t group_seq,
                                 evidence::EvidenceRecord record) {
  auto rows = reader.database.prepare(
      "SELECT first_seq, last_seq, payload, signature FROM commit_group WHERE last_seq >= ? "
      "ORDER BY last_seq LIMIT 1");
  if (!rows) return fail(rows.error());
  const auto found = rows->bind(0, record.sequence).step();
  if (!found) return fail(found.error());
  if (!*found || number_of(*rows, 0) != group_seq) return not_as_committed(record.sequence);
  const EvidenceGroup group = read_group_row(*rows);
  auto leaf_rows =
      reader.database.prepare("SELECT leaf FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq");
  if (!leaf_rows) return fail(leaf_rows.error());
  leaf_rows->bind(0, group.first_seq).bind(1, group.last_seq);
  std::vector<Sha256> leaves;
  for (;;) {
    const auto more = leaf_rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    if (leaf_rows->bytes(0).size() != sizeof(Sha256)) return not_as_committed(record.sequence);
    std::ranges::copy(leaf_rows->bytes(0), reinterpret_cast<char*>(leaves.emplace_back().data()));
  }
  const std::size_t index = record.sequence - group.first_seq;
  if (index >= leaves.size()) return not_as_committed(record.sequence);
  return EvidenceProof{std::move(record), index, evidence::merkle_path(leaves, index),
                       group.envelope};
}

Result<void> add_proofs(GenerationReader& reader, const ViolationIdBytes& id,
                        std::vector<EvidenceProof>* proofs) {
  auto rows = reader.database.prepare(
      "SELECT seq, leaf, payload, mac, group_seq FROM record INDEXED BY record_violation "
      "WHERE violation_id = ? AND seq < ? ORDER BY seq");
  if (!rows) return fail(rows.error());
  rows->bind_blob(0, id).bind(1, reader.end_seq);
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    auto record = read_evidence(*rows);
    if (!record) return fail(record.error());
    auto proof = read_proof(reader, number_of(*rows, 4), *std::move(record));
    if (!proof) return fail(proof.error());
    proofs->push_back(*std::move(proof));
  }
}

}  // namespace

Result<std::vector<EvidenceGroup>> read_groups(GenerationReaders& readers,
                                               const EvidenceQuery& query) {
  std::vector<EvidenceGroup> groups;
  std::size_t bytes = 0;
  for (const auto& reader : readers) {
    if (reader->end_seq <= query.first_seq) continue;
    const auto is_full = add_groups(*reader, query, &bytes, &groups);
    if (!is_full) return fail(is_full.error());
    if (*is_full) break;
  }
  return groups;
}

Result<std::vector<EvidenceProof>> read_proofs(GenerationReaders& readers,
                                               const ViolationIdBytes& id) {
  std::vector<EvidenceProof> proofs;
  for (const auto& reader : readers) {
    if (auto added = add_proofs(*reader, id, &proofs); !added) return fail(added.error());
  }
  if (proofs.empty()) return fail(ErrorCode::NotFound, "no such violation");
  return proofs;
}

Result<EvidenceQuery> read_range(GenerationReaders& readers, UnixNanos start, UnixNanos end) {
  EvidenceQuery range{kSequenceMax, 0};
  for (const auto& reader : readers) {
    auto row = reader->database.prepare(
        "SELECT min(seq), max(seq) FROM record WHERE time_ns >= ? AND time_ns < ? AND seq < ?");
    if (!row) return fail(row.error());
    row->bind(0, sql_time(start)).bind(1, sql_time(end)).bind(2, reader->end_seq);
    const auto found = row->step();
    if (!found) return fail(found.error());
    if (!*found || !row->maybe_integer(0)) continue;
    range.first_seq = std::min(range.first_seq, number_of(*row, 0));
    range.last_seq = std::max(range.last_seq, number_of(*row, 1));
  }
  if (range.last_seq == 0) return fail(ErrorCode::NotFound, "no record of that time");
  return range;
}

}  // namespace betrace::storage
