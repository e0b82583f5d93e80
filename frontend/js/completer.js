// Tab, and the menu that opens at a slash. It must not know what is done with the text; what the
// word could become is completion.js's to say.

import { COMMANDS } from './commands.js';
import { completionsOf, likeliest } from './completion.js';
import { replace } from './insert.js';
import { createMenu } from './menu.js';

const NAMES = COMMANDS.map(({ name }) => name);

export function createCompleter(field, stateNow) {
  const menu = createMenu(field, choose);
  let round = null; // {start, end, candidates, index}: Tab goes around them while nothing else changes

  function find() {
    return completionsOf(field.value, field.selectionStart, likeliest(stateNow()), NAMES);
  }

  function choose(name) {
    replace(field, find().start, field.selectionEnd, `${name} `);
  }

  // -> whether there was anything to complete. If not, Tab moves on, as everywhere.
  function complete() {
    if (round?.end !== field.selectionEnd) round = { ...find(), end: field.selectionEnd, index: -1 };
    const { start, end, candidates } = round;
    const index = (round.index + 1) % candidates.length;
    if (candidates.length === 0 || index === round.index) return false;
    replace(field, start, end, candidates[index]);
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

  return {
    // -> whether the key was for us.
    takes(key) {
      if (menu.takes(key, field.value.slice(0, field.selectionEnd))) return true;
      if (key === 'Escape') round = { end: field.selectionEnd, candidates: [], index: 0 }; // Tab is free again
      return key === 'Tab' && complete();
    },
  };
}
