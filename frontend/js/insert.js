// Puts words into a text field as if they had been typed. It must not know who asks for it.

import { address } from './address.js';

export function replace(field, start, end, text) {
  field.setRangeText(text, start, end, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

// Names somebody where the caret is.
export function mention(field, nick) {
  const { selectionStart, selectionEnd, value } = field;
  const before = value.slice(0, selectionStart);
  const space = /\S$/.test(before) ? ' ' : '';
  replace(field, selectionStart, selectionEnd, space + address(nick, before));
  field.focus();
}
