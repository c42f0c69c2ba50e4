// What the doors tell of the requests that they have read: who sent how many spans.
//
// Shared by the receivers; app/ charges the sender for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace betrace::ingest {

/// Told of each request that was read: who sent it (an actor, empty if unknown, and an address),
/// and how many spans it had, good and bad. May be empty.
using SpansTaken =
    std::function<void(std::string_view actor, std::string_view address, std::uint64_t spans)>;

}  // namespace betrace::ingest
