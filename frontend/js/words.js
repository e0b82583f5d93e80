// What is inside a text: links, and the reader's nick.
// Pure: it tells parts apart, and must not know what they will look like.

// No invisible character is part of a link: some reorder what is read.
const LINK = /(?<![\p{L}\p{N}_])https?:\/\/[^\s\p{C}<>"]+/giu;
const CLOSING = { ')': '(', ']': '[', '}': '{' };

// -> [{text}, {text, href}, {text, mention: true}, ...]; the texts together are the whole text, as typed.
export function partsOf(text, nick = '') {
  return split(text, LINK, linkPart).flatMap((part) =>
    (part.href || !nick ? [part] : split(part.text, nickPattern(nick), (word) => ({ text: word, mention: true }))));
}

export function mentions(text, nick) {
  return partsOf(text, nick).some((part) => part.mention);
}

function nickPattern(nick) {
  const literal = nick.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}\\p{M}_])${literal}(?![\\p{L}\\p{N}\\p{M}_])`, 'giu');
}

function split(text, pattern, toPart) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    const part = toPart(found);
    if (!part) continue;
    if (index > end) parts.push({ text: text.slice(end, index) });
    parts.push(part);
    end = index + part.text.length;
  }
  return end < text.length ? [...parts, { text: text.slice(end) }] : parts;
}

function linkPart(found) {
  const text = withoutEnding(found);
  const url = parse(text);
  // "https://bank.example@evil.example" is not what it looks like.
  return url && !url.username && !url.password ? { text, href: url.href } : null;
}

function parse(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

// A full stop or a bracket behind a link belongs to the sentence, unless the link opened the bracket.
function withoutEnding(link) {
  for (;;) {
    const last = link.at(-1);
    const isOpened = last in CLOSING && link.split(CLOSING[last]).length >= link.split(last).length;
    if (isOpened || !/\p{P}/u.test(last) || /[/&#%=_-]/.test(last)) return link;
    link = link.slice(0, -1);
  }
}
