// The telnet protocol (RFC 854) from the client's end. Pure: bytes in, text and answers out.
// It must not know sockets or the page. The server is asked to echo nothing: lines are whole here.

const [SE, SB, WILL, WONT, DO, DONT, IAC] = [240, 250, 251, 252, 253, 254, 255];
const [TTYPE, NAWS] = [24, 31]; // RFC 1091 (what this terminal can do) and RFC 1073 (its size)
const [IS, SEND] = [0, 1];
const TYPE = new TextEncoder().encode('xterm-256color');
const MOST_OPTION_BYTES = 64; // nothing asked of us is longer

// A server that has telnet clients and plain ones waits until it hears which this is.
export const GREETING = Uint8Array.of(IAC, WILL, TTYPE, IAC, WILL, NAWS);

export function createTelnet(columns, rows) {
  const decoder = new TextDecoder();
  const refused = new Set(); // told once, or two programs may answer each other for ever
  let take = text;
  let out = { bytes: [], reply: [] };
  let verb = 0;
  let payload = [];
  let sendsSize = false;

  function text(byte) {
    if (byte === IAC) take = command;
    else out.bytes.push(byte);
  }

  function command(byte) {
    take = text;
    if (byte === IAC) out.bytes.push(IAC);
    else if (byte === SB) [take, payload] = [suboption, []];
    else if (byte >= WILL) [take, verb] = [option, byte];
  }

  function option(code) {
    take = text;
    const offered = code === TTYPE || code === NAWS;
    if (verb === DO && offered) {
      sendsSize ||= code === NAWS;
      if (code === NAWS) out.reply.push(...size());
    } else if ((verb === DO || verb === WILL) && !refused.has(verb * 256 + code)) {
      refused.add(verb * 256 + code);
      out.reply.push(IAC, verb === DO ? WONT : DONT, code);
    }
  }

  function suboption(byte) {
    if (byte === IAC) take = suboptionCommand;
    else if (payload.length < MOST_OPTION_BYTES) payload.push(byte);
  }

  function suboptionCommand(byte) {
    take = suboption;
    if (byte === IAC) payload.push(IAC);
    if (byte !== SE) return;
    take = text;
    if (payload[0] === TTYPE && payload[1] === SEND) out.reply.push(IAC, SB, TTYPE, IS, ...TYPE, IAC, SE);
  }

  function size() {
    const sides = [columns >> 8, columns & 255, rows >> 8, rows & 255];
    return [IAC, SB, NAWS, ...sides.flatMap((byte) => (byte === IAC ? [IAC, IAC] : byte)), IAC, SE];
  }

  return {
    // -> {text, reply}: what to show, and what to send at once.
    receive(bytes) {
      out = { bytes: [], reply: [] };
      for (const byte of bytes) take(byte);
      const shown = decoder.decode(Uint8Array.from(out.bytes), { stream: true });
      return { text: shown.replace(/[\r\0]/g, ''), reply: Uint8Array.from(out.reply) };
    },

    // -> what to send about the new size: nothing unless the server wants to know.
    resize(newColumns, newRows) {
      [columns, rows] = [newColumns, newRows];
      return Uint8Array.from(sendsSize ? size() : []);
    },
  };
}

// A line as it is sent. UTF-8 has no byte 255, so nothing needs doubling.
export function lineBytes(line) {
  return new TextEncoder().encode(`${line}\r\n`);
}
