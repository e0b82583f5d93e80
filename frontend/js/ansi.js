// Terminal output as pieces of one style each (ECMA-48). Colours and bold are kept; whatever else
// an escape sequence may do to a terminal is dropped. Pure: it must not know the page.

const PLAIN = { colour: null, bold: false };
const MOST_PARAMETERS = 32; // characters; longer ones say nothing that we show

export function createAnsi() {
  let style = PLAIN;
  let take = plain;
  let parameters = '';
  let pieces = [];

  function plain(character) {
    if (character === '\x1b') take = escaped;
    else if (character >= ' ' || character === '\n' || character === '\t') show(character);
  }

  function show(character) {
    if (character >= '\x7f' && character <= '\x9f') return; // controls, too
    if (pieces.at(-1)?.style !== style) pieces.push({ style, text: '' });
    pieces.at(-1).text += character;
  }

  function escaped(character) {
    if (character === '[') [take, parameters] = [sequence, ''];
    else if (']PX^_'.includes(character)) take = string;
    else if (character < ' ' || character > '/') take = plain; // its last character, if not '(' or the like
  }

  function sequence(character) {
    if (character >= '@') {
      take = plain;
      if (character === 'm') style = restyled(style, parameters);
    } else if (character === '\x1b') take = escaped;
    else if (parameters.length < MOST_PARAMETERS) parameters += character;
  }

  // A title or the like: until BEL, or ESC and a backslash.
  function string(character) {
    if (character === '\x07') take = plain;
    if (character === '\x1b') take = escaped;
  }

  // -> [{text, style: {colour, bold}}]. A sequence cut by the network goes on in the next text.
  return function parse(text) {
    pieces = [];
    for (const character of text) take(character);
    return pieces;
  };
}

function restyled(style, parameters) {
  const codes = parameters.split(';').map(Number);
  let next = style;
  while (codes.length > 0) {
    const code = codes.shift();
    if (code === 0) next = PLAIN;
    else if (code === 1 || code === 22) next = { ...next, bold: code === 1 };
    else if (code >= 30 && code <= 37) next = { ...next, colour: code - 30 };
    else if (code >= 90 && code <= 97) next = { ...next, colour: code - 82 };
    else if (code === 39) next = { ...next, colour: null };
    else if (code === 38 || code === 48) {
      const [kind, number] = codes.splice(0, codes[0] === 2 ? 4 : 2);
      if (code === 38 && kind === 5 && number >= 0 && number <= 255) next = { ...next, colour: number };
    }
  }
  return next;
}

const BASIC = '000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff'.split(' ');
const LEVELS = [0, 95, 135, 175, 215, 255];

// One of xterm's 256 colours, as CSS writes it.
export function cssColour(number) {
  if (number < 16) return `#${BASIC[number]}`;
  const cube = number - 16;
  const channels = number < 232
    ? [LEVELS[Math.floor(cube / 36)], LEVELS[Math.floor(cube / 6) % 6], LEVELS[cube % 6]]
    : Array(3).fill(8 + 10 * (number - 232));
  return `rgb(${channels.join(' ')})`;
}
