// Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = new URL('../../frontend/js/', import.meta.url);
const { createTelnet, GREETING, lineBytes } = await import(new URL('telnet.js', js));
const { createAnsi, cssColour } = await import(new URL('ansi.js', js));
const { commandsFor } = await import(new URL('card.js', js));

const [SE, NOP, SB, WILL, WONT, DO, DONT, IAC] = [240, 241, 250, 251, 252, 253, 254, 255];
const [ECHO, TTYPE, EOR, NAWS] = [1, 24, 25, 31];
const utf8 = (text) => [...new TextEncoder().encode(text)];
const PLAIN = { colour: null, bold: false };

// However the network cuts the bytes, the same must come out.
function receive(bytes, size = [80, 24]) {
  const results = [bytes.length || 1, 1, 2, 3].map((length) => {
    const telnet = createTelnet(...size);
    let text = '';
    const reply = [];
    for (let at = 0; at < bytes.length; at += length) {
      const out = telnet.receive(Uint8Array.from(bytes.slice(at, at + length)));
      text += out.text;
      reply.push(...out.reply);
    }
    return { text, reply };
  });
  for (const result of results) assert.deepEqual(result, results[0]);
  return results[0];
}

test('text comes through, however its characters are cut', () => {
  assert.deepEqual(receive(utf8('<Zoë> : 👧 déjà\r\n')), { text: '<Zoë> : 👧 déjà\n', reply: [] });
});

test('bytes that are no text do no harm', () => {
  assert.equal(receive([97, 0xff, 0xff, 0xc3, 98]).text, 'a\ufffd\ufffdb');
});

test('a carriage return shows nothing, with or without its filler', () => {
  assert.equal(receive(utf8('a\r\nb\r\0c')).text, 'a\nbc');
});

test('it introduces itself as a terminal with a type and a size', () => {
  assert.deepEqual([...GREETING], [IAC, WILL, TTYPE, IAC, WILL, NAWS]);
});

test('an agreement is not answered, but the size follows', () => {
  const size = [IAC, SB, NAWS, 0, 80, 0, 24, IAC, SE];
  assert.deepEqual(receive([IAC, DO, TTYPE, IAC, DO, NAWS]), { text: '', reply: size });
});

test('a size with the byte 255 in it is escaped', () => {
  assert.deepEqual(receive([IAC, DO, NAWS], [255, 300]).reply, [IAC, SB, NAWS, 0, IAC, IAC, 1, 44, IAC, SE]);
});

test('the size is told again when it changes, once the server wants it', () => {
  const telnet = createTelnet(80, 24);
  assert.deepEqual([...telnet.resize(40, 10)], []);
  telnet.receive(Uint8Array.of(IAC, DO, NAWS));
  assert.deepEqual([...telnet.resize(50, 12)], [IAC, SB, NAWS, 0, 50, 0, 12, IAC, SE]);
});

test('asked for its type, it says one that has 256 colours', () => {
  const { reply } = receive([IAC, SB, TTYPE, 1, IAC, SE]);
  assert.deepEqual(reply, [IAC, SB, TTYPE, 0, ...utf8('xterm-256color'), IAC, SE]);
});

test('everything else is refused, once', () => {
  const asked = [IAC, WILL, ECHO, IAC, DO, EOR];
  assert.deepEqual(receive([...asked, ...asked]).reply, [IAC, DONT, ECHO, IAC, WONT, EOR]);
  assert.deepEqual(receive([IAC, WONT, ECHO, IAC, DONT, TTYPE]).reply, []);
});

test('commands and what they carry are not shown', () => {
  const gmcp = [IAC, SB, 201, ...utf8('Comm {"a": 1}'), IAC, IAC, IAC, SE];
  assert.deepEqual(receive([97, IAC, NOP, ...gmcp, IAC, 239, 98]), { text: 'ab', reply: [] });
});

test('an endless subnegotiation is thrown away as it comes', () => {
  const flood = [IAC, SB, TTYPE, 1, ...Array(100_000).fill(120), IAC, SE, 97];
  assert.equal(receive(flood).text, 'a');
});

test('a line is sent as UTF-8, and ends as telnet wants it', () => {
  assert.deepEqual([...lineBytes('é')], [0xc3, 0xa9, 13, 10]);
});

function parse(text) {
  const whole = createAnsi()(text);
  const byCharacter = createAnsi();
  const pieces = [...text].flatMap((character) => byCharacter(character));
  assert.equal(pieces.map((piece) => piece.text).join(''), whole.map((piece) => piece.text).join(''));
  return whole;
}

test('a coloured nick is a piece of its own', () => {
  assert.deepEqual(parse('<\x1b[38;5;130mbob\x1b[0m> : hi\n'), [
    { text: '<', style: PLAIN },
    { text: 'bob', style: { colour: 130, bold: false } },
    { text: '> : hi\n', style: PLAIN },
  ]);
});

test('bold and the sixteen colours are kept, alone and together', () => {
  const styles = parse('\x1b[1;31ma\x1b[22mb\x1b[39mc\x1b[94md\x1b[me').map(({ style }) => style);
  assert.deepEqual(styles, [{ colour: 1, bold: true }, { colour: 1, bold: false }, PLAIN, { colour: 12, bold: false }, PLAIN]);
});

test('colours that are none, or of another kind, change nothing', () => {
  for (const code of ['38;5;256', '38;5', '38', '38;2;1;2;3', '48;5;1', '4', '7', '999', '?25', '38;5;-1']) {
    assert.deepEqual(parse(`\x1b[${code}ma`), [{ text: 'a', style: PLAIN }], code);
  }
});

test('a colour that is none does not swallow what follows it', () => {
  assert.deepEqual(parse('\x1b[38;2;9;9;9;1ma'), [{ text: 'a', style: { colour: null, bold: true } }]);
});

test('whatever else an escape sequence does, it does not do here', () => {
  const sequences = ['\x1b[2J', '\x1b[10;10H', '\x1b]0;title\x07', '\x1b]8;;http://x\x1b\\', '\x1b(B', '\x1bPq\x1b\\', '\x1b7', '\x07', '\b', '\x7f', '\x9b', '\0'];
  for (const sequence of sequences) assert.deepEqual(parse(`a${sequence}b`), [{ text: 'ab', style: PLAIN }], JSON.stringify(sequence));
});

test('markup is text', () => {
  assert.equal(parse('<img src=x onerror=alert(1)>')[0].text, '<img src=x onerror=alert(1)>');
});

test('the 256 colours are those of xterm', () => {
  assert.deepEqual([1, 15, 16, 130, 231, 232, 255].map(cssColour),
    ['#cd0000', '#ffffff', 'rgb(0 0 0)', 'rgb(175 95 0)', 'rgb(255 255 255)', 'rgb(8 8 8)', 'rgb(238 238 238)']);
});

const here = { hostname: 'room.example', origin: 'https://room.example' };

test('the card says where telnet is, as the server told it', () => {
  assert.deepEqual(commandsFor('chat.example 12345', here), ['telnet chat.example 12345']);
  assert.deepEqual(commandsFor(' 12345', here), ['telnet room.example 12345']);
  assert.deepEqual(commandsFor(' 23', { ...here, hostname: '[::1]' }), ['telnet ::1 23']);
});

test('without a telnet door the card tells of the bridge', () => {
  assert.deepEqual(commandsFor('', here), ['playroom bridge https://room.example', 'telnet localhost 12345']);
});
