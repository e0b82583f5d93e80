// From lines to what is shown of them: rows, with days and dividers between, comings and goings condensed.
// Pure: it must not know elements.
//
// A row is a line, or something else with a key and a type. It is drawn anew only when its sign changes.

const SAME_BREATH = 300; // seconds within which the same speaker's next line needs no new byline

export function rowsOf(lines, { marker = null, pending = [] } = {}) {
  const rows = [];
  let day = dayOf(lines.findLast((line) => line.at)); // today needs no heading
  for (const line of lines) {
    if (line.at && dayOf(line) !== day) {
      day = dayOf(line);
      rows.push({ key: `day ${line.key}`, type: 'day', at: line.at, sign: 'day' });
    }
    if (line.key === marker) rows.push({ key: 'unread', type: 'unread', sign: 'unread' });
    const last = rows.at(-1);
    if (!isTraffic(line)) rows.push({ ...line, sign: line, continued: continues(last, line) });
    else if (last?.type !== 'traffic') rows.push({ key: line.key, type: 'traffic', sign: line, lines: [line] });
    else {
      last.sign = line;
      last.lines.push(line);
    }
  }
  return [...rows, ...pending.map((entry) => ({ type: 'pending', own: true, sign: entry, entry, key: `pending ${entry.key}` }))];
}

const dayOf = (line) => (line ? new Date(line.at * 1000).toDateString() : '');
const isTraffic = ({ type }) => type === 'joined' || type === 'left' || type === 'presence';

function continues(previous, line) {
  return previous?.type === 'said' && line.type === 'said'
    && previous.nick === line.nick && previous.via === line.via && line.at - previous.at < SAME_BREATH;
}

// Comings and goings as [[did, nicks, total]]; who came and went again is told so once.
export function summaryOf(lines) {
  const people = new Map();
  const unnamed = { left: 0, joined: 0 };
  const note = (nick, did) => people.set(nick, [people.get(nick)?.[0] ?? did, did]);
  for (const line of lines) {
    if (line.type !== 'presence') {
      note(line.nick, line.type);
      continue;
    }
    for (const nick of line.left) note(nick, 'left');
    for (const { nick } of line.joined) note(nick, 'joined');
    unnamed.left += line.left_total - line.left.length;
    unnamed.joined += line.joined_total - line.joined.length;
  }
  const outcomes = { left: 'left', joined: 'joined', 'joined left': 'joined and left', 'left joined': 'left and came back' };
  return Object.entries(outcomes).map(([moves, did]) => {
    const nicks = [...people].filter(([, pair]) => [...new Set(pair)].join(' ') === moves).map(([nick]) => nick);
    return [did, nicks, nicks.length + (unnamed[moves] ?? 0)];
  }).filter(([, , total]) => total > 0);
}
