// Draws the conversation, a line at a time. It must not know where lines come from,
// nor scroll (scroll.js does).

import { el } from './dom.js';
import { avatar, nickMark, timeMark, toneOf, viaMark } from './marks.js';
import { MAX_LINES } from './store.js';

const SAME_BREATH = 300; // seconds within which the same speaker's next line needs no new byline

export function createMessages(container) {
  let last = null;

  return function render({ lines }) {
    if (lines.length === 0) return;
    const fresh = lines.filter((line) => last === null || line.key > last.key);
    const elements = document.createDocumentFragment();
    for (const line of fresh) {
      elements.append(lineElement(line, last));
      last = line;
    }
    container.append(elements);
    while (container.childElementCount > MAX_LINES) container.firstElementChild.remove();
  };
}

function lineElement(line, previous) {
  const names = ['line', line.type];
  if (line.own) names.push('own');
  if (line.nick !== undefined) names.push(toneOf(line.nick));
  if (continues(previous, line)) names.push('continued');
  return el('div', { class: names.join(' ') }, ...content[line.type](line));
}

function continues(previous, line) {
  return previous?.type === 'said' && line.type === 'said'
    && previous.nick === line.nick && previous.via === line.via && line.at - previous.at < SAME_BREATH;
}

// dir=auto lets each text run in its own direction, isolated from what stands beside it.
const words = (text) => el('p', { class: 'words', dir: 'auto' }, text);
const quiet = (at, ...children) => [el('p', {}, ...children), ' ', timeMark(at)];

// A crowd's comings and goings in one sentence: "ann left, bob, eve and 41 others joined".
function changesOf({ left, joined, left_total: gone, joined_total: came }) {
  const arrivals = joined.map((member) => member.nick);
  return [[left, gone, 'left'], [arrivals, came, 'joined']]
    .filter(([, total]) => total > 0)
    .map(([nicks, total, did]) => `${some(nicks, total)} ${did}`)
    .join(', ');
}

function some(nicks, total) {
  const shown = nicks.slice(0, total > 3 ? 2 : 3);
  if (total > shown.length) return `${shown.join(', ')} and ${total - shown.length} others`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : shown[0];
}

const content = {
  said: ({ nick, via, at, text }) => [
    avatar(nick),
    el('p', { class: 'byline' }, nickMark(nick), ' ', viaMark(via), ' ', timeMark(at)), ' ',
    words(text),
  ],
  acted: ({ nick, at, text }) => [
    el('p', {}, '* ', nickMark(nick), ' ', el('bdi', {}, text)), ' ', timeMark(at),
  ],
  whispered: ({ nick, to, at, text, own, toMe }) => [
    el('p', { class: 'byline' },
      own ? 'you' : nickMark(nick), ' → ', toMe ? 'you' : nickMark(to), ' ', timeMark(at)), ' ',
    words(text),
  ],
  joined: ({ nick, via, at }) => quiet(at, nickMark(nick), ' joined via ', viaMark(via)),
  left: ({ nick, at, reason }) =>
    quiet(at, nickMark(nick), ' left', ...(reason ? [' (', el('bdi', {}, reason), ')'] : [])),
  presence: ({ at, ...changes }) => quiet(at, changesOf(changes)),
  renamed: (line) => quiet(line.at, nickMark(line.old), ' is now ', nickMark(line.new)),
  topic: ({ nick, at, text }) => (text
    ? quiet(at, nickMark(nick), ' set the topic: ', el('bdi', {}, text))
    : quiet(at, nickMark(nick), ' cleared the topic')),
  notice: ({ text }) => [words(text)],
  welcome: ({ nick, again, topic }) => [
    again
      ? el('p', {}, 'Welcome back, ', nickMark(nick), '. What was said meanwhile is not shown.')
      : el('p', {}, 'Welcome, ', nickMark(nick), '.'),
    ...(topic ? [el('p', {}, 'The topic is: ', el('bdi', {}, topic))] : []),
  ],
};
