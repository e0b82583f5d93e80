// What a terminal shows: lines of styled text, the last one open. It must not know the connection.
// Text nodes only; colours are set through the style object, which the page's policy allows.

import { createAnsi, cssColour } from './ansi.js';
import { el } from './dom.js';

const MOST_ROWS = 500; // a terminal's scrollback: more is slow to scroll, and nobody reads it

export function createScreen(output) {
  const parse = createAnsi();
  let row = null;

  function append(text, style) {
    text.split('\n').forEach((part, index) => {
      if (index > 0) row = null;
      else if (part === '') return;
      row ??= output.appendChild(el('div', { class: 'row' }));
      if (part !== '') row.append(styled(part, style));
    });
    while (output.childElementCount > MOST_ROWS) output.firstElementChild.remove();
  }

  function follow(change) {
    const atEnd = output.scrollHeight - output.clientHeight - output.scrollTop < 40;
    change();
    if (atEnd) output.scrollTop = output.scrollHeight;
  }

  return {
    write: (text) => follow(() => parse(text).forEach((piece) => append(piece.text, piece.style))),
    // What was typed here: the server leaves it to the terminal to show it.
    echo: (line) => follow(() => append(`${line}\n`, { colour: null, bold: true })),
    // Ours, not the server's.
    note(text) {
      follow(() => {
        row = null;
        output.append(el('div', { class: 'note' }, text));
      });
    },
  };
}

function styled(text, { colour, bold }) {
  if (colour === null && !bold) return text;
  const span = el(bold ? 'b' : 'span', colour === null ? {} : { class: 'coloured' }, text);
  if (colour !== null) span.style.setProperty('--ansi', cssColour(colour));
  return span;
}
