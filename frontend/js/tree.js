// The tree of tasks on the page: nested lists, one stop of the Tab key, arrows within (the ARIA tree
// pattern). It must not know what is in an item, nor where the tree comes from.

import { el } from './dom.js';
import { describe, itemFor } from './treeitem.js';
import { createSteps } from './treekeys.js';

// point(key) when the reader's pointer or focus is on a task, point(null) when it is on none any more;
// choose(key) when it is pressed.
export function createTree({ point, choose }) {
  const element = el('ul', { class: 'tree', role: 'tree', 'aria-label': 'Tasks' });
  const made = new Map(); // key -> element
  const steps = createSteps(element);
  let me = null;
  let over = null; // the key of what the pointer was moved to; the tree scrolls under one at rest, too

  const keyUnder = ({ target }) => target.closest('[role=treeitem]')?.dataset.key ?? null;
  element.addEventListener('pointermove', (event) => {
    if (keyUnder(event) === over) return;
    over = keyUnder(event);
    point(over);
  });
  element.addEventListener('pointerleave', () => {
    over = null;
    point(null);
  });
  element.addEventListener('focusin', (event) => {
    over = null;
    point(keyUnder(event));
  });
  element.addEventListener('focusout', () => point(null));
  element.addEventListener('click', (event) => {
    const key = keyUnder(event);
    if (key === null) return;
    steps.goTo(made.get(key));
    choose(key);
  });

  const changes = {
    appeared({ node, after }) {
      const item = itemFor(node);
      made.set(node.key, item);
      describe(item, node, me);
      place(item, node.parent, after);
    },
    moved: ({ node, after }) => place(made.get(node.key), node.parent, after),
    changed: ({ node }) => describe(made.get(node.key), node, me),
    gone({ key }) {
      const item = made.get(key);
      for (const each of made.keys()) if (each === key || each.startsWith(`${key}/`)) made.delete(each);
      fade(item);
    },
  };

  function place(item, parent, after) {
    const home = made.get(parent) ?? element;
    if (after !== null) made.get(after).after(item);
    else if (home.matches('.task')) home.firstChild.after(item);
    else home.prepend(item);
  }

  function fade(item) {
    if (item.contains(document.activeElement)) steps.goTo(item.parentElement.closest('[role=treeitem]') ?? element.firstChild);
    item.classList.add('gone');
    item.setAttribute('aria-hidden', 'true');
    item.removeAttribute('data-key');
    for (const below of item.querySelectorAll('[data-key]')) below.removeAttribute('data-key');
    if (document.hidden) item.remove(); // nothing moves there, and so nothing would end
    else Promise.allSettled(item.getAnimations({ subtree: true }).map(({ finished }) => finished)).then(() => item.remove());
  }

  return {
    element,
    // These are treeview.js's changes; a new nick of the reader's own is none of them.
    apply(list, nick) {
      me = nick;
      for (const change of list) changes[change.type](change);
      steps.settle();
    },
    // Two names of one animation: it begins anew with each change between them.
    glow(ids) {
      for (const id of ids) {
        const row = element.querySelector(`[data-key$="/${id}"] > .row`);
        if (row) row.dataset.ran = row.dataset.ran === 'now' ? 'again' : 'now';
      }
    },
    reveal: (key) => made.get(key).firstChild.scrollIntoView({ block: 'center' }),
    mark(key) {
      for (const item of element.querySelectorAll('[aria-selected=true]')) item.removeAttribute('aria-selected');
      made.get(key)?.setAttribute('aria-selected', 'true');
    },
  };
}
