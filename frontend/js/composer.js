// Where a line is written and sent. It must not know the socket, nor show what was said:
// the room answers with the line itself, and that is the receipt.

import { MAX_LINE, longestOf, splitLines } from './lines.js';

const NEARLY_FULL = 100; // characters left when it becomes worth saying so

// send(lines) -> whether they went out. Only then is the text cleared.
export function createComposer(form, { send }) {
  const field = form.querySelector('textarea');
  const button = form.querySelector('button');
  const hint = form.querySelector('.hint');
  let joined = false;

  function submit() {
    const lines = splitLines(field.value);
    if (lines.length === 0) return;
    if (longestOf(lines) > MAX_LINE) return measure();
    if (!joined || !send(lines)) return say('Not connected. Your message stays here until you are.');
    field.value = '';
    measure();
  }

  function measure() {
    const left = MAX_LINE - longestOf(splitLines(field.value));
    field.setAttribute('aria-invalid', left < 0);
    if (left < 0) say(`Too long by ${-left}: a line holds ${MAX_LINE} characters.`);
    else say(left <= NEARLY_FULL ? `${left} left` : '');
  }

  function say(text) {
    hint.textContent = text;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
    field.focus();
  });
  field.addEventListener('input', measure);
  field.addEventListener('keydown', (event) => {
    // While an input method composes, Enter belongs to it (229 is how Safari says so).
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });

  return function render(state, before) {
    // Whoever just gave a name wants to talk; a reconnect by itself must not take the focus.
    const cameIn = state.joined && (before.asking !== null || before.me === null);
    if (state.joined !== joined) {
      joined = state.joined;
      button.disabled = !joined;
      measure();
    }
    form.hidden = state.me === null || state.asking !== null;
    if (cameIn) field.focus();
  };
}
