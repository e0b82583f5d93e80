// How a reader is called who looks elsewhere: a desktop notification, a sound, or neither, as they
// chose. It must not know when somebody is to be called.

import { preference } from './preferences.js';

export function alertTo({ nick, text, type }) {
  if (preference('notifications') === 'on') notify(type === 'whispered' ? `${nick} whispers` : nick, text);
  if (preference('sound') === 'on') beep();
}

function notify(title, body) {
  try {
    // The tag: a later one takes the place of the one before, instead of piling up.
    const shown = new Notification(title, { body, tag: 'playroom', icon: 'favicon.svg' });
    shown.addEventListener('click', () => {
      window.focus();
      shown.close();
    });
  } catch {
    // Phones allow them to service workers only. The title and the icon call, too.
  }
}

let audio = null;

// Two short soft notes, the second a fourth higher.
export function beep() {
  if (navigator.userActivation?.hasBeenActive === false) return; // browsers keep it for later, all at once
  audio ??= new AudioContext();
  [[660, 0], [880, 0.12]].forEach(([frequency, after]) => {
    const start = audio.currentTime + after;
    const tone = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0.08, start);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.25);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.25);
  });
}
