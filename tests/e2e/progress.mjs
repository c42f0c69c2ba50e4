// Lets a long run say how it is doing: lines on the output, if BETRACE_PROGRESS is set.
const intervalMs = 10_000;

/** Prints what `line` gives every ten seconds until the returned function is called. */
export function showProgress(line) {
  if (!process.env.BETRACE_PROGRESS) return () => {};
  const started = Date.now();
  const timer = setInterval(async () => {
    const text = await line();
    console.log(`${Math.round((Date.now() - started) / 1000)} s: ${text}`);
  }, intervalMs);
  return () => clearInterval(timer);
}
