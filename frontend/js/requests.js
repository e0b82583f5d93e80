// What the page still has to ask the room for, of what was said before.
// Pure. It must not know how anything is asked.

import { isFull, MAX_READING, newest } from './thread.js';

const GAP = 100; // the most that the server gives at once
const OLDER = 50;

export const hasOlder = ({ canAsk, lines, ranges }) =>
  canAsk && ranges[0]?.from > 0 && lines.length + OLDER <= MAX_READING;

// -> [before, count] of what to ask the server for now, if anything: gaps first, one request at a time.
export function nextRequest(state) {
  const { joined, canAsk, asked, ranges, older, tip } = state;
  if (!joined || !canAsk || asked !== null || isFull(state)) return null;
  if (newest(state) < tip) return [tip + 1, GAP];
  if (ranges.length > 1) return [ranges.at(-1).from + 1, GAP];
  return older && hasOlder(state) ? [ranges[0].from + 1, OLDER] : null;
}
