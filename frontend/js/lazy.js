// Loads stylesheets that the first paint does without. It must not know what they are for.

import { el } from './dom.js';

const asked = new Map();

// -> a promise: fulfilled once the style holds, or cannot be had.
export function stylesheet(name) {
  if (!asked.has(name)) asked.set(name, load(new URL(`../css/${name}.css`, import.meta.url)));
  return asked.get(name);
}

function load(url) {
  const link = el('link', { rel: 'stylesheet', href: url });
  document.head.append(link);
  return new Promise((resolve) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', resolve);
  });
}
