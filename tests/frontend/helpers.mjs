// What the tests of the page's pure parts share.
const js = new URL('../../frontend/js/', import.meta.url);

export const load = (name) => import(new URL(name, js));

const { initialState, reduce } = await load('store.js');

export const play = (events, state = initialState()) => events.reduce(reduce, state);
export const alice = { nick: 'alice', via: 'web' };
export const bob = { nick: 'bob', via: 'telnet' };
export const welcome = { type: 'welcome', nick: 'alice', via: 'web', token: 't', resumed: false, members: [alice, bob], total: 2, last: 0, heard: 0 };
export const resumed = { ...welcome, resumed: true };
export const lost = { type: 'link', phase: 'waiting', why: 'Offline', seconds: 1 };
export const joined = (events = []) =>
  play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }, welcome, ...events]);
export const said = (id, who = bob, text = `line ${id}`) => ({ type: 'said', id, at: id, ...who, text });
export const history = (since, before, events, more = since > 0) => ({ type: 'history', since, before, events, more });
export const ids = (state) => state.lines.filter((line) => line.id).map((line) => line.id);
export const lastLine = (state) => state.lines.at(-1);

// A small seeded generator (mulberry32): a failure can be played again. -> a number in [0, 1).
export function randomness(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
