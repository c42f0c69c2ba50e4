// Exit codes of the commands. Scripts depend on them: a number never changes its meaning.
#pragma once

namespace betrace::app {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;    ///< It could not be done, or what was checked is wrong.
inline constexpr int kExitUsage = 2;     ///< Wrong flags, settings or paths.
inline constexpr int kExitViolated = 3;  ///< `replay --fail-on`
inline constexpr int kExitInUse = 75;    ///< Another process has the state directory.
inline constexpr int kExitNewerFormat = 78;  ///< A newer version wrote the store.

}  // namespace betrace::app
