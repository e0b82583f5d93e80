// What typed text becomes when it is sent: lines, each within the room's limit.
// Pure: it must not know the page or the socket.

export const MAX_LINE = 1000; // characters; the server refuses longer lines

// A pasted block is several lines. Blank ones say nothing, and telnet would drop them as well.
export function splitLines(text) {
  return text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
}

// Code points after normalizing, as the server counts: an emoji is one, though JavaScript's length says two.
export function lengthOf(line) {
  return [...line.normalize('NFC')].length;
}

export function longestOf(lines) {
  return Math.max(0, ...lines.map(lengthOf));
}
