// Where a line is written and sent. It must not know the socket, nor show what was said:
// the room answers with the line itself, and that is the receipt.

import { MAX_LINE, longestOf, splitLines } from './lines.js';
import { createRecall } from './recall.js';

const NEARLY_FULL = 100; // characters left when it becomes worth saying so
const TYPING_EVERY = 3000; // ms: the others are shown it for somewhat longer

// send(lines) -> whether they will go out. Only then is the text cleared.
// typing(): something to be said is being written, a while after the last time.
export function createComposer(form, { send, typing }) {
  const field = form.querySelector('textarea');
  const hint = form.querySelector('.hint');
  const recall = createRecall();
  let latest = null;
  let typingAt = -Infinity;

  function submit() {
    const lines = splitLines(field.value);
    if (lines.length === 0) return;
    if (longestOf(lines) > MAX_LINE) return measure();
    if (!send(lines)) return say('Not connected. Your message stays here until you are.');
    recall.add(field.value);
    write('');
  }

  function write(text) {
    field.value = text;
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

  // A command is nobody's business until it is sent; two slashes begin what is said.
  function tellTyping(now) {
    if (!latest?.joined || now - typingAt < TYPING_EVERY || !/^\s*(\/\/|[^\s/])/.test(field.value)) return;
    typingAt = now;
    typing();
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
    field.focus();
  });
  field.addEventListener('input', (event) => {
    recall.leave();
    measure();
    tellTyping(event.timeStamp);
  });
  field.addEventListener('keydown', (event) => {
    // While an input method composes, keys belong to it (229 is how Safari says so).
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter') submit();
    else if (!recalls(event.key)) return;
    event.preventDefault();
  });
  // What helps while writing is not needed before somebody writes.
  field.addEventListener('focus', async () => {
    const { createCompleter } = await import('./completer.js');
    createCompleter(form, field, () => latest);
  }, { once: true });

  // Between lines the arrows move; past the first and the last they recall.
  function recalls(key) {
    const { selectionStart: caret, selectionEnd, value } = field;
    if (caret !== selectionEnd) return false;
    let text = null;
    if (key === 'ArrowUp' && !value.slice(0, caret).includes('\n')) text = recall.older(value);
    if (key === 'ArrowDown' && !value.slice(caret).includes('\n')) text = recall.newer();
    if (text !== null) write(text);
    return text !== null;
  }

  return function render(state, before) {
    latest = state;
    // Whoever just gave a name wants to talk; a reconnect by itself must not take the focus.
    const cameIn = state.joined && (before.asking !== null || before.me === null);
    if (state.joined && !before.joined) measure();
    form.hidden = state.me === null || state.asking !== null;
    if (cameIn) field.focus();
  };
}
