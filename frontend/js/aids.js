// What helps while writing: completion, the menu of commands, and what was sent before.
// It must not know how a line is sent.

import { createCompleter } from './completer.js';
import { createRecall } from './recall.js';

export function createAids(form, field, stateNow) {
  const completer = createCompleter(field, stateNow);
  const recall = createRecall();

  // Between lines the arrows move; past the first and the last they recall.
  function recalls(key) {
    const { selectionStart: caret, selectionEnd, value } = field;
    if (caret !== selectionEnd) return false;
    let text = null;
    if (key === 'ArrowUp' && !value.slice(0, caret).includes('\n')) text = recall.older(value);
    if (key === 'ArrowDown' && !value.slice(caret).includes('\n')) text = recall.newer();
    if (text === null) return false;
    field.value = text;
    return true;
  }

  // Captured on the form: these come before the field's own keys, and may keep Enter from sending.
  form.addEventListener('keydown', (event) => {
    if (event.target !== field || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!completer.takes(event.key) && !recalls(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  field.addEventListener('input', recall.leave);

  return { sent: recall.add };
}
