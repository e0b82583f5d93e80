// The settings: theme, notifications, sound. It must not know when anybody is called.

import { beep } from './alerts.js';
import { el } from './dom.js';
import { preference, prefer } from './preferences.js';

const THEMES = [['auto', 'Auto'], ['light', 'Light'], ['dark', 'Dark']];

export function createSettings() {
  const problem = el('p', { class: 'hint', 'aria-live': 'polite' });
  return el('div', { class: 'panel', role: 'dialog', 'aria-labelledby': 'settings-title' },
    el('h2', { id: 'settings-title' }, 'Settings'),
    themes(),
    option('notifications', 'Notifications', 'When you are mentioned or whispered to, and this page is out of sight.', askFirst),
    option('sound', 'Sound', 'Two soft notes, at the same moments.', () => {
      beep();
      return true;
    }),
    problem);

  // Browsers let a page ask only once, and only at a click: this is the click.
  async function askFirst() {
    const answer = 'Notification' in window ? await Notification.requestPermission() : 'denied';
    problem.textContent = answer === 'granted' ? '' : 'Your browser does not let this page notify you.';
    return answer === 'granted';
  }
}

function themes() {
  const now = preference('theme') ?? 'auto';
  const choices = THEMES.map(([value, label]) => {
    const input = el('input', { type: 'radio', name: 'theme', value });
    input.checked = value === now;
    return el('label', {}, input, el('span', {}, label));
  });
  const set = el('fieldset', { class: 'choices' }, el('legend', {}, 'Theme'), ...choices);
  set.addEventListener('change', ({ target }) => {
    document.documentElement.dataset.theme = target.value;
    prefer('theme', target.value);
  });
  return set;
}

// turnOn() -> whether it may be on.
function option(name, label, purpose, turnOn) {
  const input = el('input', { type: 'checkbox', id: `setting-${name}`, 'aria-describedby': `about-${name}` });
  input.checked = preference(name) === 'on';
  input.addEventListener('change', async () => {
    if (input.checked) input.checked = await turnOn();
    prefer(name, input.checked ? 'on' : 'off');
  });
  return el('div', { class: 'option' },
    input, el('label', { for: input.id }, label), el('p', { id: `about-${name}` }, purpose));
}
