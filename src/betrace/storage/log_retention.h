// Which generation of the violation log goes next, and why. Whole files, oldest first.
//
// Used by log_writer, which records it before the file goes. Pure functions: no clock, no disk.
// Source: docs/internals/violation_log.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/storage/export_position.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/log_walk.h"

namespace betrace::storage {

/// Bounds of the whole log.
struct RetentionLimits {
  std::chrono::milliseconds age_max{0};
  std::uint64_t bytes_max = 0;
};

/// Why a generation goes.
enum class RemovalReason : std::uint8_t { Age, Bytes };

/// `age` `bytes`
[[nodiscard]] std::string_view name_of(RemovalReason reason) noexcept;

/// The oldest generation is to go.
struct Removal {
  RemovalReason reason = RemovalReason::Age;
  SequenceRange records;     ///< All of it.
  SequenceRange unexported;  ///< What of it the receiver has not; 0: nothing.
};

/// Returns the bound that holds for a volume of that size: never above 80 % of it. `volume_bytes`
/// 0: unknown.
[[nodiscard]] std::uint64_t retained_bytes_max(std::uint64_t bytes_max,
                                               std::uint64_t volume_bytes) noexcept;

/// Returns what is to go at `now`, if anything. `generations` are readable, oldest first, the last
/// is appended to and never goes; together they have `byte_count` bytes. A generation is as old as
/// its newest record may be: as the beginning of the next one. One that the OTLP receiver has not
/// got goes for its size only; `exported` is null if there is none.
[[nodiscard]] std::optional<Removal> due_removal(const std::vector<ReadableGeneration>& generations,
                                                 std::uint64_t byte_count,
                                                 const RetentionLimits& limits,
                                                 const ExportPosition* exported, UnixNanos now);

}  // namespace betrace::storage
