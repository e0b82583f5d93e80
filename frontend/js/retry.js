// When to try again: what each close code means, and how long to wait.
// Pure: it must not know sockets, timers, or the page.

const FIRST_DELAY = 1; // seconds: a restart is usually over by then
const LONGEST_DELAY = 30; // seconds: longer, and people reload the page by hand

// Codes the room uses. Anything else is a lost connection, and is tried again.
const MEANINGS = {
  1000: { retry: false, why: 'You left the room' },
  1001: { retry: true, why: 'The room is restarting', ours: true }, // its own words sound final
  1008: { retry: false, why: 'The room closed this connection' },
  1009: { retry: false, why: 'That was too long for the room' },
  1013: { retry: true, why: 'The room is busy' },
  4001: { retry: false, why: 'You continued in another window', elsewhere: true },
  4002: { retry: true, why: 'This connection was too slow' },
};
const LOST = { retry: true, why: 'Offline' };

// -> {retry, why, elsewhere}. The server's own words win over ours, as a rule.
export function meaningOfClose(code, reason) {
  const { retry, why, ours = false, elsewhere = false } = MEANINGS[code] ?? LOST;
  return { retry, why: (!ours && reason) || why, elsewhere };
}

// Seconds before attempt number `failures` (0 is the first). The jitter (chance is in [0, 1)) keeps
// a whole room from knocking at the same moment after a restart.
export function retryDelay(failures, chance) {
  const delay = FIRST_DELAY * 2 ** Math.min(failures, 10);
  return Math.min(LONGEST_DELAY, delay * (0.5 + chance));
}
