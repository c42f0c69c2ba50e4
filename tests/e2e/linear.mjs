// Is a history of requests to one rule linearisable: could they have been done one by one, each at some
// moment between its sending and its answer?

/**
 * `history`: requests with the times `sent` and `answered`, and `apply(state)`, which gives the state
 * after it if its answer fits that state, else undefined. `state` is a string; the first one is ''.
 * Depth first over what may come next, remembering what led nowhere (Wing and Gong, with Lowe's memory).
 */
export function isLinearizable(history) {
  const all = 2 ** history.length - 1;
  const tried = new Set();
  const goOn = (done, state) => {
    if (done === all) return true;
    const key = `${done} ${state}`;
    if (tried.has(key)) return false;
    tried.add(key);
    const open = history.flatMap((request, index) => (done & 2 ** index ? [] : [[request, index]]));
    const firstAnswer = Math.min(...open.map(([{ answered }]) => answered));
    return open.some(([request, index]) => {
      if (request.sent > firstAnswer) return false;  // another one was over before it began
      const next = request.apply(state);
      return next !== undefined && goOn(done + 2 ** index, next);
    });
  };
  return goOn(0, '');
}
