// Remembers the reader's name for this tab, across reconnects and reloads.
// It must not know when a name is good. Browsers may forbid storage: then nothing is remembered.

const KEY = 'playroom.name';

export function recallName() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function rememberName(name) {
  try {
    if (name === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, name);
  } catch {
    // The reader will be asked again; nothing else depends on it.
  }
}
