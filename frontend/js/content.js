// What each kind of row says, as elements. It must not know about other rows, nor where they are put.

import { shownAs } from './answers.js';
import { el } from './dom.js';
import { avatar, nickMark, timeMark, toneOf, viaMark } from './marks.js';
import { summaryOf } from './rows.js';
import { partsOf } from './words.js';

const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

export function rowElement(row) {
  const names = ['line', row.type];
  if (row.own) names.push('own');
  if (row.mention) names.push('mention');
  if (row.nick !== undefined) names.push(toneOf(row.nick));
  return el('div', { class: names.join(' ') }, ...(content[row.type]?.(row) ?? []));
}

// dir=auto lets each text run in its own direction, isolated from what stands beside it.
const words = (text, nick) => el('p', { class: 'words', dir: 'auto' }, ...rich(text, nick));
const quiet = (at, ...children) => [el('p', {}, ...children), ' ', timeMark(at)];

// A link shows what was typed; its title shows where it leads, in case some letters only look familiar.
function rich(text, nick) {
  return partsOf(text, nick).map(({ text: part, href, mention }) => {
    if (mention) return el('mark', {}, part);
    if (!href) return part;
    return el('a', { href, title: href, target: '_blank', rel: 'noopener noreferrer nofollow', dir: 'ltr' }, part);
  });
}

const traffic = {
  joined: ({ nick, via, at }) => quiet(at, nickMark(nick), ' joined via ', viaMark(via)),
  left: ({ nick, at, reason }) =>
    quiet(at, nickMark(nick), ' left', ...(reason ? [' (', el('bdi', {}, reason), ')'] : [])),
};

// "ann left, bob, eve and 41 others joined"
function summarized(lines) {
  const told = summaryOf(lines).flatMap(([did, nicks, total]) => [', ', ...some(nicks, total), ` ${did}`]);
  return quiet(lines.at(-1).at, ...told.slice(1));
}

function some(nicks, total) {
  const shown = nicks.slice(0, total > 3 ? 2 : 3);
  const rest = total - shown.length;
  const all = [...shown.map(nickMark), ...(rest ? [`${rest} other${rest > 1 ? 's' : ''}`] : [])];
  return all.flatMap((one, index) => [index === 0 ? '' : index === all.length - 1 ? ' and ' : ', ', one]);
}

const button = (decision, about, label) =>
  el('button', { type: 'button', 'data-decision': decision, 'data-about': about }, label);

const STATUS = { queued: 'pending', sent: 'sending…', doubtful: 'sending…', unconfirmed: 'not confirmed', refused: 'not sent' };

const content = {
  said: ({ nick, via, at, text, mention }) => [
    avatar(nick),
    el('p', { class: 'byline' }, nickMark(nick), ' ', viaMark(via), ' ', timeMark(at)), ' ',
    words(text, mention),
  ],
  acted: ({ nick, at, text, mention }) => [
    el('p', {}, '* ', nickMark(nick), ' ', el('bdi', {}, ...rich(text, mention))), ' ', timeMark(at),
  ],
  whispered: ({ nick, to, at, text, own, toMe, mention }) => [
    el('p', { class: 'byline' },
      own ? 'you' : nickMark(nick), ' → ', toMe ? 'you' : nickMark(to), ' ', timeMark(at)), ' ',
    words(text, mention),
  ],
  renamed: (line) => quiet(line.at, nickMark(line.old), ' is now ', nickMark(line.new)),
  topic: ({ nick, at, text }) => (text
    ? quiet(at, nickMark(nick), ' set the topic: ', el('bdi', {}, ...rich(text)))
    : quiet(at, nickMark(nick), ' cleared the topic')),
  notice: ({ text }) => [words(text)],
  welcome: ({ nick, again, topic }) => [
    el('p', {}, again ? 'Welcome back, ' : 'Welcome, ', nickMark(nick), '.'),
    ...(topic ? [el('p', {}, 'The topic is: ', el('bdi', {}, ...rich(topic)))] : []),
  ],
  earlier: () => ['Earlier'],
  missed: ({ count }) => [`You missed ${count} message${count > 1 ? 's' : ''}`],
  day: ({ at }) => [el('time', { datetime: new Date(at * 1000).toISOString() }, calendar.format(at * 1000))],
  unread: () => ['New'],
  traffic: ({ lines }) => (lines.length === 1 && traffic[lines[0].type]?.(lines[0])) || summarized(lines),
  pending: ({ entry }) => [
    el('p', { class: 'byline' }, STATUS[entry.status],
      ...(/unconfirmed|refused/.test(entry.status)
        ? [' ', button('again', entry.key, 'Send again'), ' ', button('discard', entry.key, 'Discard')] : [])), ' ',
    words(shownAs(entry)),
  ],
};
