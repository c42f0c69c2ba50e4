#include "betrace/storage/log_dump.h"

#include <algorithm>

#include "betrace/base/hex.h"
#include "betrace/evidence/merkle.h"
#include "betrace/storage/log_backup.h"
#include "betrace/storage/log_check.h"

namespace betrace::storage {
namespace {

// Reading keeps the writer from reusing its WAL, so a long walk lets go in between.
constexpr std::uint64_t kSliceRows = 20'000;

DumpedRecord dumped(const Statement& row) {
  DumpedRecord record;
  record.sequence = static_cast<std::uint64_t>(row.integer(0));
  record.group_sequence = static_cast<std::uint64_t>(row.integer(1));
  const std::string_view leaf = row.bytes(2);
  record.leaf = to_hex({reinterpret_cast<const std::uint8_t*>(leaf.data()), leaf.size()});
  record.mac = row.bytes(3);
  record.payload = row.bytes(4);
  record.is_altered = !is_digest(leaf, evidence::leaf_hash(record.sequence, record.payload));
  return record;
}

}  // namespace

Result<void> dump_log(FileSystem& files, const std::string& path, const SequenceRange& range,
                      const std::function<void(const DumpedRecord&)>& look) {
  const auto generations = find_generations(files, path);
  if (!generations) return fail(generations.error());
  std::uint64_t after = range.first == 0 ? 0 : range.first - 1;
  const std::uint64_t end = range.last == 0 ? kSequenceMax : range.last + 1;
  for (const ReadableGeneration& generation : *generations) {
    auto database = Database::open(generation.path, Database::Mode::ReadOnly);
    if (!database) return fail(database.error());
    auto rows = database->prepare(
        "SELECT seq, group_seq, leaf, mac, payload FROM record WHERE seq > ? AND seq < ? "
        "ORDER BY seq LIMIT ?");
    if (!rows) return fail(rows.error());
    for (std::uint64_t count = kSliceRows; count == kSliceRows;) {
      rows->bind(0, after).bind(1, std::min(end, generation.end_seq)).bind(2, kSliceRows);
      for (count = 0;; ++count) {
        const auto more = rows->step();
        if (!more) return fail(more.error());
        if (!*more) break;
        const DumpedRecord record = dumped(*rows);
        after = record.sequence;
        look(record);
      }
      rows->reset();
    }
  }
  return {};
}

}  // namespace betrace::storage
