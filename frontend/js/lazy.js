// Loads what the first paint does without; where there is no network just now, as soon as there is.
// It must not know what it loads.

import { el } from './dom.js';

const RETRY = 3000; // ms

const asked = new Map();

// -> what fetch() promises, however often that has to be tried.
export async function eventually(fetch) {
  for (;;) {
    try {
      return await fetch();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

// -> a view like that which load() promises, but loaded when it is wanted first; redraw() when it has come.
export function lazily(isWanted, redraw, load) {
  let view = null;
  let shown = {};
  let loading = false;
  return (now) => {
    if (view) {
      const before = shown;
      shown = now;
      return view(now, before);
    }
    if (loading || !isWanted(now)) return false;
    loading = true;
    eventually(load).then((loaded) => {
      view = loaded;
      redraw();
    });
    return false;
  };
}

// -> a promise: fulfilled once the style holds.
export function stylesheet(name) {
  if (!asked.has(name)) {
    const url = new URL(`../css/${name}.css`, import.meta.url);
    asked.set(name, eventually(() => load(url)));
  }
  return asked.get(name);
}

function load(url) {
  const link = el('link', { rel: 'stylesheet', href: url });
  return new Promise((resolve, reject) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', (event) => {
      link.remove();
      reject(event);
    });
    document.head.append(link);
  });
}
