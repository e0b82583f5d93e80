// How somebody is named in a line. Pure: it must not know the page.

export function beginsLine(before) {
  return before === '' || before.endsWith('\n');
}

// "alice: " at a line's beginning speaks to her; "alice " elsewhere speaks of her.
export function address(nick, before) {
  return beginsLine(before) ? `${nick}: ` : `${nick} `;
}
