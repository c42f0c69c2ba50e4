// Chance that can be repeated: a run prints its seed and takes one from BETRACE_SEED.

/** `dice(sides)` gives 0 to below `sides`. */
export function seededDice() {
  const seed = Number(process.env.BETRACE_SEED ?? Date.now() % 1_000_000);
  console.log(`BETRACE_SEED=${seed}`);
  let state = seed;
  return (sides) => {  // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}
