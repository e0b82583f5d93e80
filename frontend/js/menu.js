// The list of commands above the field (the ARIA listbox pattern: the focus stays in the field,
// and aria-activedescendant says where in the list one is). It must not know what a command does.

import { el } from './dom.js';
import { stylesheet } from './lazy.js';

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export function createMenu(field, choose) {
  // In the order of Tab because it scrolls, and some browsers scroll with the keyboard only what has the focus.
  const list = el('ul', { class: 'menu', id: 'commands', role: 'listbox', 'aria-label': 'Commands', tabindex: '0', hidden: '' });
  let shown = [];
  let active = 0;
  stylesheet('menu');
  field.closest('form').append(list);
  for (const [name, value] of [['autocomplete', 'list'], ['haspopup', 'listbox'], ['controls', 'commands']]) {
    field.setAttribute(`aria-${name}`, value);
  }

  function show(commands) {
    shown = commands;
    active = 0;
    list.hidden = shown.length === 0;
    list.replaceChildren(...shown.map(option));
    mark();
  }

  function option({ name, typed, purpose }, index) {
    const element = el('li', { role: 'option', id: `command-${index}` }, el('b', {}, typed), ' ', el('span', {}, purpose));
    element.addEventListener('pointerdown', (event) => event.preventDefault()); // the field keeps the focus
    element.addEventListener('click', () => choose(name));
    return element;
  }

  function mark() {
    [...list.children].forEach((element, index) => element.setAttribute('aria-selected', index === active));
    list.children[active]?.scrollIntoView({ block: 'nearest' });
    if (shown.length > 0) field.setAttribute('aria-activedescendant', `command-${active}`);
    else field.removeAttribute('aria-activedescendant');
  }

  // -> whether the key was for the menu. A command that is typed in full is sent by Enter.
  function takes(key, typed) {
    if (shown.length === 0) return false;
    const { name } = shown[active];
    if (key in STEPS) {
      active = (active + STEPS[key] + shown.length) % shown.length;
      mark();
    } else if (key === 'Tab' || (key === 'Enter' && !typed.endsWith(name))) choose(name);
    else if (key === 'Escape') show([]);
    else return false;
    return true;
  }

  return { show, takes };
}
