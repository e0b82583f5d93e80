// Loads what the first paint does without. It must not know what that is.

import { el } from './dom.js';

// -> a promise: fulfilled once the style holds, or cannot be had.
export function stylesheet(name) {
  const link = el('link', { rel: 'stylesheet', href: new URL(`../css/${name}.css`, import.meta.url) });
  document.head.append(link);
  return new Promise((resolve) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', resolve);
  });
}

// Gives a button a panel that opens and closes with it; load() -> a promise of the panel.
export function opensPanel(button, load) {
  button.addEventListener('click', async () => {
    const [panel] = await Promise.all([load(), stylesheet('panels')]);
    panel.popover = 'auto';
    document.body.append(panel);
    button.popoverTargetElement = panel; // from now on the button needs no help
    panel.showPopover({ source: button });
  }, { once: true });
}
