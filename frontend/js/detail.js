// What is to be known of one task: what it waits for, since when, and the source around that.
// It must not know the tree, nor how source is got.

import { el } from './dom.js';

// cancel(): the reader wants their own task to end.
export function createDetail({ cancel }) {
  const title = el('h3');
  const facts = el('p', { class: 'facts' });
  const code = el('pre', { tabindex: '0', role: 'region', 'aria-label': 'Source' });
  const place = el('figcaption');
  const source = el('figure', {}, place, code);
  const button = el('button', { class: 'danger', type: 'button' }, 'Cancel it');
  const offer = el('div', { class: 'offer' }, button,
    el('p', {}, 'You are cut off, all below your task unwinds, and this page takes your seat again.'));
  const element = el('section', { class: 'detail', 'aria-label': 'Task' }, title, facts, offer, source);
  let shown = null;
  button.addEventListener('click', cancel);

  function showSource(frame, line) {
    source.hidden = frame === null;
    if (frame === null || (shown === frame && code.dataset.line === String(line))) return;
    shown = frame;
    code.dataset.line = line;
    place.textContent = `backend/${frame.file}`;
    code.replaceChildren(...frame.lines.map((text, index) => rowOf(frame.first + index, text, line)));
    code.querySelector('.here')?.scrollIntoView({ block: 'nearest', inline: 'start' });
  }

  return {
    element,
    // task: as the room told it at the time `at`, or null; frame: the source around it, if it is there.
    show(task, at, { isOffered, frame }) {
      element.hidden = task === null;
      if (task === null) return;
      title.textContent = task.name;
      facts.replaceChildren(...factsOf(task, at));
      offer.hidden = !isOffered;
      showSource(frame, task.line);
    },
    // Lines that were asked for without a task.
    excerpt(frame) {
      element.hidden = false;
      title.textContent = frame.file;
      facts.replaceChildren(`From line ${frame.first}`);
      offer.hidden = true;
      showSource(frame, null);
    },
  };
}

function rowOf(number, text, line) {
  return el('span', { class: number === line ? 'coded here' : 'coded' },
    el('span', { class: 'number' }, String(number)), `${text}\n`);
}

function factsOf({ waits_on: waitsOn, since, mail = 0, is_cancelled: isCancelled }, at) {
  return [
    ...(isCancelled ? [el('b', {}, 'Cancelled, and tidying up. ')] : []),
    ...(waitsOn ? ['Waits in ', el('code', {}, waitsOn)] : ['Waits in a library']),
    `, here for ${lasting(at - since)}.`,
    ...(mail > 0 ? [` ${Math.ceil(mail / 1024)} KiB of mail wait for this connection.`] : []),
  ];
}

function lasting(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
