// The conversation as far as this page knows it: public events merged by id, none twice, no gap unseen.
// Pure. It must not know who the reader is, nor how a line looks.
//
// The functions take and give back a state with these parts:
//   lines   in order of (epoch, place, key). A line's place is its event's id; a line without one
//           (a notice, a whisper, a divider) stands just behind the event it came after; if it is late,
//           behind the one it was said after.
//   ranges  [{from, to}], ascending: every event with from < id <= to is here, or was never for us.
//           Between two ranges there is a gap. What is below the first is there for the asking.
//   tip     the id that the live events have come to
//   epoch   grows when the ids start anew, because the server has forgotten the old ones
//   arrived the key of the first line of this stay: if the ids have started anew, this and later ones tell of it

export const MAX_LINES = 1000; // keeps a page left open for days quick and small
export const MAX_READING = 3000; // while somebody reads further up, nothing should vanish there

export const emptyThread = { lines: [], ranges: [], tip: 0, epoch: 0, arrived: 0, nextKey: 0 };

export const newest = ({ ranges }) => ranges.at(-1)?.to ?? 0;

export const knows = ({ ranges }, id) => ranges.some(({ from, to }) => from < id && id <= to);

export function newEpoch(state) {
  const epoch = state.epoch + 1;
  const lines = state.lines.map((line) => (line.key >= state.arrived ? { ...line, epoch } : line));
  return { ...state, epoch, lines, ranges: [] };
}

// Somebody has a new seat, maybe in a room that was started anew: their newest line is to be told again,
// for if it is another one now, its time says so.
export function inDoubt(state) {
  const last = state.lines.findLast(({ id, epoch }) => id && epoch === state.epoch)?.id ?? 0;
  const ranges = state.ranges.filter(({ from }) => from < last);
  return { ...state, ranges: ranges.map(({ from, to }) => ({ from, to: Math.min(to, last - 1) })) };
}

export function addNote(state, line, place = state.tip + 0.5) {
  return insert(state, [{ ...line, place }]);
}

// A page that is full while its reader is further up leaves what comes for later: a gap at the end.
export function addLive(state, line) {
  if (isFull(state)) return { ...state, tip: line.id };
  const ranges = cover(state.ranges, state.tip, line.id);
  return insert({ ...state, ranges, tip: line.id }, [{ ...line, place: line.id }]);
}

// -> the state, and the keys of its new lines begin at the old state's nextKey.
export function addHistory(state, { since, before, more }, lines) {
  const times = timesIn(state);
  if (lines.some(({ id, at }) => times.has(id) && times.get(id) !== at)) state = newEpoch(state);
  const here = timesIn(state);
  const fresh = lines.filter(({ id }) => !knows(state, id) && !here.has(id)).map((line) => ({ ...line, place: line.id }));
  return placeLate(insert({ ...state, ranges: cover(state.ranges, more ? since : 0, before - 1) }, fresh));
}

// Where a line without an id belongs that is told later than it was said, only its time says.
function placeLate(state) {
  const { lines, epoch, ranges } = state;
  const isLate = (line) => line.late && line.epoch === epoch;
  if (!lines.some(isLate)) return state;
  const placed = lines.map((line) => {
    if (!isLate(line)) return line;
    const before = lines.findLast((one) => one.id && one.epoch === epoch && one.at <= line.at);
    const place = (before?.id ?? ranges[0].from) + 0.75;
    return place === line.place ? line : { ...line, place }; // the same one is not drawn and read out again
  });
  return { ...state, lines: placed.sort(inOrder) };
}

const timesIn = ({ lines, epoch }) =>
  new Map(lines.filter((line) => line.epoch === epoch).map((line) => [line.id, line.at]));

function cover(ranges, from, to) {
  const touches = (range) => range.from <= to && range.to >= from;
  const joined = ranges.filter(touches);
  const range = { from: Math.min(from, ...joined.map((one) => one.from)), to: Math.max(to, ...joined.map((one) => one.to)) };
  return [...ranges.filter((one) => !touches(one)), range].sort((a, b) => a.from - b.from);
}

const inOrder = (a, b) => a.epoch - b.epoch || a.place - b.place || a.key - b.key;

function insert(state, fresh) {
  const { epoch, nextKey } = state;
  const lines = [...state.lines, ...fresh.map((line, index) => ({ ...line, epoch, key: nextKey + index }))];
  const [last, first] = lines.slice(-fresh.length - 1);
  if (fresh.length > 1 || (first && inOrder(last, first) > 0)) lines.sort(inOrder);
  return trim({ ...state, lines, nextKey: nextKey + fresh.length });
}

export const isFull = (state) => !state.looking && state.lines.length >= MAX_READING;

// The oldest go; from then on they count as not known, so that they can be asked for again.
function trim(state) {
  const { lines, ranges, epoch } = state;
  const extra = lines.length - (state.looking ? MAX_LINES : MAX_READING);
  if (extra <= 0) return state;
  const lost = lines.slice(0, extra).findLast((line) => line.id && line.epoch === epoch)?.id ?? 0;
  const left = ranges.filter(({ to }) => to > lost || to === newest(state)).map(({ from, to }) => ({ from: Math.max(from, lost), to }));
  return { ...state, lines: lines.slice(extra), ranges: left };
}
