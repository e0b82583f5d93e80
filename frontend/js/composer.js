// Where a line is written and sent. It must not know the socket, nor show what was said:
// the room answers with the line itself, and that is the receipt.

import { eventually } from './lazy.js';
import { MAX_LINE, longestOf, splitLines } from './lines.js';

const NEARLY_FULL = 100; // characters left when it becomes worth saying so
const TYPING_EVERY = 3000; // ms: the others are shown it for somewhat longer

// send(lines) -> whether they will go out. Only then is the text cleared.
// typing(): something to be said is being written, a while after the last time.
export function createComposer(form, { send, typing }) {
  const field = form.querySelector('textarea');
  const hint = form.querySelector('.hint');
  let aids = null;
  let latest = null;
  let typingAt = -Infinity;

  function submit() {
    const lines = splitLines(field.value);
    if (lines.length === 0) return;
    if (longestOf(lines) > MAX_LINE) return measure();
    if (!send(lines)) return say('Not connected. Your message stays here until you are.');
    aids?.sent(field.value);
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

  // A command is nobody's business until it is sent; but two slashes begin something said.
  function tellTyping(now) {
    const isSpeech = /^\s*(\/\/|[^\s/])/.test(field.value);
    if (!isSpeech || !latest?.joined || now - typingAt < TYPING_EVERY) return;
    typingAt = now;
    typing();
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
    field.focus();
  });
  field.addEventListener('input', ({ timeStamp }) => {
    measure();
    tellTyping(timeStamp);
  });
  field.addEventListener('keydown', (event) => {
    // While an input method composes, Enter belongs to it (229 is how Safari says so).
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  // What helps while writing is not needed before somebody writes.
  field.addEventListener('focus', async () => {
    const { createAids } = await eventually(() => import('./aids.js'));
    aids = createAids(form, field, () => latest);
  }, { once: true });

  return function render(state, before) {
    latest = state;
    // Whoever just gave a name wants to talk; a reconnect by itself must not take the focus.
    const cameIn = state.joined && (before.asking !== null || before.me === null);
    if (state.joined && !before.joined) measure();
    form.hidden = state.me === null || state.asking !== null;
    if (cameIn) field.focus();
  };
}
