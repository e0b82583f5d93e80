// Keeps what a reload must not lose, for this tab: our seat, what waits to be said, and
// what is open.
// It must not know what happens with it. Browsers may forbid storage: then nothing is kept.

import { isClaim } from './answers.js';
import { newest } from './thread.js';

const KEY = 'playroom';

export function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function remember(state) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(keepsake(state)));
  } catch {
    // The reader will be asked for a name again; nothing else depends on it.
  }
}

// An operator's password never touches a disk. A seat that another window has is that one's.
export function keepsake(state) {
  const { me, name, seat, asking, queue, ranges, last, panes } = state;
  return {
    ...(asking?.elsewhere ? {} : seat),
    nick: me ?? name,
    panes,
    last: ranges.length ? newest(state) : last,
    queue: queue.filter((entry) => !isClaim(entry)),
  };
}
