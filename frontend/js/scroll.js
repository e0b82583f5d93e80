// Keeps the newest line in sight, unless the reader went up to read older ones.
// It must not know what the lines are.

const NEAR = 40; // pixels from the end that still count as being there

export function stayAtEnd(scroller, content, jump) {
  let following = true;

  function toEnd() {
    following = true;
    jump.hidden = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  scroller.addEventListener('scroll', () => {
    following = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < NEAR;
    jump.hidden = following;
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

  return { toEnd };
}
