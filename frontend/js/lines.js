// What typed text becomes when it is sent: lines, each within the room's limit.
// Pure: it must not know the page or the socket.

export const MAX_LINE = 1000; // characters; the server refuses longer lines

// Letters, marks and spaces that are drawn as nothing, as the server (room/text.py) has them.
const VISIBLE = /[^\p{Z}\p{C}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;

// As the server cleans a line, so that its `said` can be known again.
export function clean(line) {
  return line.replace(/[\t\n\r\u2028\u2029]/g, ' ')
    .replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, '').normalize('NFC')
    .replace(/^\p{Z}+|\p{Z}+$/gu, ''); // not trim(): that takes U+FEFF, too, which the room leaves
}

// A pasted block is several lines. Blank ones say nothing, and the room would drop them as well.
export function splitLines(text) {
  return text.split(/\r\n|\r|\n/).filter((line) => VISIBLE.test(clean(line)));
}

// Code points after normalizing, as the server counts: an emoji is one, though JavaScript's length says two.
export function lengthOf(line) {
  return [...line.normalize('NFC')].length;
}

export function longestOf(lines) {
  return Math.max(0, ...lines.map(lengthOf));
}
