// What the reader chose on this machine. It must not know what a choice is for.
// Browsers may forbid storage: then every choice lasts as long as the page.

const PREFIX = 'playroom.';
const chosen = new Map();

export function preference(name) {
  try {
    return localStorage.getItem(PREFIX + name) ?? chosen.get(name) ?? null;
  } catch {
    return chosen.get(name) ?? null;
  }
}

export function prefer(name, value) {
  chosen.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Asked again after a reload; nothing else depends on it.
  }
}
