// A fixed piece of work, timed: tells whether the machine changed its pace meanwhile.
#pragma once

namespace betrace::bench {

/// Nanoseconds of processor time that one million steps take, the best of five tries.
[[nodiscard]] double spin_nanoseconds();

}  // namespace betrace::bench
