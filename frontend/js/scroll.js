// Keeps the newest line in sight, unless the reader went up to read older ones: then nothing moves.
// It must not know what the lines are.

const NEAR = 40; // pixels from the end that still count as being there
const TOP = 200; // pixels from the top at which older lines are fetched
const SEEN = 5; // lines of which one at least will still be there after a change

const topOf = (element) => element.getBoundingClientRect().top;
// A line that gets another above it may lose its byline: its words are to stay.
const endOf = (element) => element.getBoundingClientRect().bottom;

export function stayAtEnd(scroller, content, jump, { onMove, onTop }) {
  let following = true;

  function follow(now) {
    jump.hidden = now;
    if (following === now) return;
    following = now;
    onMove();
  }

  function toEnd() {
    follow(true);
    scroller.scrollTop = scroller.scrollHeight;
  }

  // What the reader sees stays where it is, whatever comes or goes above it.
  function keeping(change) {
    if (following) return change();
    const seen = inSight();
    const result = change();
    const [kept, was] = seen.find(([element]) => element.isConnected) ?? [];
    if (kept) scroller.scrollTop += endOf(kept) - was;
    return result;
  }

  // -> [[element, its end]]; searched by halves, because there may be thousands above.
  function inSight() {
    const elements = content.children;
    const top = topOf(scroller);
    let [from, to] = [0, elements.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (topOf(elements[middle]) < top) from = middle + 1;
      else to = middle;
    }
    return [...elements].slice(from, from + SEEN).map((element) => [element, endOf(element)]);
  }

  scroller.addEventListener('scroll', () => {
    follow(scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < NEAR);
    if (!following && scroller.scrollTop < TOP) onTop();
  }, { passive: true });
  jump.addEventListener('click', () => {
    toEnd();
    scroller.focus(); // the button is gone, and the focus must be somewhere
  });

  // Sizes change for more reasons than a new line: an on-screen keyboard, a growing composer,
  // a turned phone. Watching the sizes covers all of them.
  const observer = new ResizeObserver(() => {
    if (following) toEnd();
  });
  observer.observe(scroller);
  observer.observe(content);

  function render({ unread }) {
    jump.textContent = unread ? `${unread} new message${unread > 1 ? 's' : ''}` : 'Jump to latest';
  }

  return { isFollowing: () => following, keeping, render, stay: () => follow(false), toEnd };
}
