// Keeps what a reload must not lose, for this tab: our seat, and what waits to be said.
// It must not know what happens with it. Browsers may forbid storage: then nothing is kept.

import { clean } from './lines.js';
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

const CLAIM = /(?<![\p{L}\p{N}_/])\/op/iu; // wherever in a line the room (room/claims.py) would take it for one

// An operator's password never touches a disk. A seat that another window has is that one's.
export function keepsake(state) {
  const { me, name, seat, asking, queue, ranges, last } = state;
  return {
    ...(asking?.elsewhere ? {} : seat),
    nick: me ?? name,
    last: ranges.length ? newest(state) : last,
    queue: queue.filter(({ text }) => !CLAIM.test(clean(text))),
  };
}
