// How a task, a nursery, or a number of tasks looks in the tree. It must not know where it will stand.

import { el } from './dom.js';
import { toneOf } from './marks.js';

const FULL = 256 * 1024; // bytes: with more mail than this waiting somebody is too slow (backend/net/outbox.py)

export function itemFor({ key, kind, value }) {
  if (kind === 'nursery') return el('ul', { class: 'nursery', role: 'group' });
  const item = el('li', { class: kind === 'more' ? 'rest' : 'task', role: 'treeitem', 'data-key': key, tabindex: '-1' });
  if (kind === 'task') item.append(el('div', { class: 'row' }));
  if (value.nick !== undefined) item.classList.add('member', toneOf(value.nick));
  return item;
}

export function describe(item, { kind, value }, me) {
  if (kind === 'nursery') item.setAttribute('aria-label', `Nursery, waits for ${value.count}`);
  if (kind === 'more') item.textContent = `and ${value.count} more: ${value.kind}`;
  if (kind === 'task') describeTask(item, value, me !== null && value.nick === me);
}

function describeTask(item, { name, waits_on: waitsOn, mail = 0, is_cancelled: isCancelled }, isMine) {
  item.setAttribute('aria-label', [name, ...(isMine ? ['you'] : []), ...(isCancelled ? ['cancelled'] : [])].join(', '));
  item.classList.toggle('cancelled', isCancelled);
  item.firstChild.replaceChildren(
    el('bdi', { class: 'name' }, name),
    ...(isMine ? [el('span', { class: 'you' }, 'you')] : []),
    ...(mail > 0 ? [el('meter', { max: FULL, value: mail, 'aria-label': 'Mail that waits' })] : []),
    el('span', { class: 'place' }, waitsOn.split('.').slice(-2).join('.')),
  );
}
