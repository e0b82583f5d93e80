// Tab, and the menu that opens at a slash. It must not know what is done with the text; what the
// word could become is completion.js's to say.

import { COMMANDS } from './commands.js';
import { completionsOf, likeliest } from './completion.js';
import { replace } from './insert.js';
import { createMenu } from './menu.js';

const NAMES = COMMANDS.map(({ name }) => name);

export function createCompleter(form, field, stateNow) {
  const menu = createMenu(field, choose);
  let round = null; // {start, end, candidates, index}: Tab goes around them while nothing else changes

  function find() {
    return completionsOf(field.value, field.selectionStart, likeliest(stateNow()), NAMES);
  }

  function put(start, end, text) {
    replace(field, start, end, text);
    menu.show([]);
  }

  function choose(name) {
    put(find().start, field.selectionEnd, `${name} `);
  }

  // -> whether there was anything to complete. If not, Tab moves on, as everywhere.
  function complete() {
    if (round === null || field.selectionEnd !== round.end) round = { ...find(), end: field.selectionEnd, index: -1 };
    const { start, end, candidates } = round;
    const index = (round.index + 1) % candidates.length;
    if (candidates.length === 0 || index === round.index) return false;
    put(start, end, candidates[index]);
    round = { start, end: field.selectionEnd, candidates, index };
    return true;
  }

  field.addEventListener('input', () => {
    round = null;
    const { start, candidates } = find();
    const names = candidates.map((candidate) => candidate.trim());
    menu.show(field.value[start] === '/' ? COMMANDS.filter(({ name }) => names.includes(name)) : []);
  });
  field.addEventListener('blur', () => menu.show([]));

  // Captured on the form, so that an open menu has its keys before the field sends or recalls.
  form.addEventListener('keydown', (event) => {
    if (event.target !== field || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const typed = field.value.slice(0, field.selectionEnd);
    const taken = menu.takes(event.key, typed) || (event.key === 'Tab' && complete());
    if (event.key === 'Escape') round = null; // and the next Tab leaves the field
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
