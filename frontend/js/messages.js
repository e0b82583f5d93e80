// Draws the conversation, a few rows at a time. It must not know where lines come from,
// what they say (content.js does), nor scroll (scroll.js does).

import { rowElement } from './content.js';
import { rowsOf } from './rows.js';

const MAX_DRAWN = 400; // lines on the page while the newest is in sight
const REVEALED = 100; // older ones shown at once
const AT_ONCE = 60; // rows drawn in one frame, so that a flood of them leaves the page usable
const QUIET = 1000; // ms: by then screen readers have passed over what they are not to read

// log: the live region around the container. isFollowing() -> whether the newest line is in sight.
// decide('again' or 'discard', key): what becomes of a line that was not confirmed.
export function createMessages(log, container, { isFollowing, decide }) {
  let drawn = new Map(); // key -> {element, sign}
  let top; // key of the first line to show; undefined: all of them
  let quiet;

  container.addEventListener('click', ({ target }) => {
    const { decision, about } = target.dataset;
    if (decision) decide(decision, Number(about));
  });

  // -> whether there is more to draw, in another frame.
  function render({ lines, marker, pending }) {
    if (isFollowing()) top = lines.at(-MAX_DRAWN)?.key;
    const rows = rowsOf(lines.slice(startOf(lines)), { marker, pending });
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, { element }] of drawn) {
      if (!wanted.has(key)) element.remove();
    }
    let budget = AT_ONCE;
    let next = container.firstElementChild;
    const before = drawn;
    drawn = new Map();
    for (const row of rows) {
      let { element, sign } = before.get(row.key) ?? {};
      if (sign !== row.sign && budget-- > 0) {
        if (row.sign.past) hush();
        const fresh = rowElement(row);
        if (element === next) next = fresh;
        element?.replaceWith(fresh);
        element = fresh;
        sign = row.sign;
      }
      if (!element) continue;
      drawn.set(row.key, { element, sign });
      element.classList.toggle('continued', row.continued === true);
      if (element === next) next = element.nextElementSibling;
      else container.insertBefore(element, next);
    }
    return budget < 0;
  }

  // While the reader is further up, the first line stays the first.
  function startOf(lines) {
    return top === undefined ? 0 : Math.max(0, lines.findIndex(({ key }) => key === top));
  }

  // -> whether there were older lines to show; those that come later will be shown, too.
  function reveal({ lines }) {
    const start = startOf(lines);
    top = start > REVEALED ? lines[start - REVEALED].key : undefined;
    return start > 0;
  }

  // History is there to be read, not to be read out.
  function hush() {
    log.setAttribute('aria-live', 'off');
    clearTimeout(quiet);
    quiet = setTimeout(() => log.setAttribute('aria-live', 'polite'), QUIET);
  }

  return { render, reveal };
}
