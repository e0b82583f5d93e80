// The task tree: what is different from the last time, and asking for source. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { load, randomness } from './helpers.mjs';

const { changesBetween, nodesOf } = await load('treeview.js');
const { createSources } = await load('sources.js');

const task = (id, ...nurseries) => ({
  id, name: `task ${id}`, waits_on: '', file: '', line: 0, since: 0, is_cancelled: false, nurseries,
});
const nursery = (...tasks) => ({ tasks, more: [] });
const nothing = new Map();
const told = (before, after) => changesBetween(before && nodesOf(before), nodesOf(after)).map(({ type, key, node, after: left }) =>
  [type, key ?? node.key, ...(left === undefined ? [] : [left])]);

test('the first tree appears from the root to the leaves, each behind its elder sibling', () => {
  const changes = changesBetween(nothing, nodesOf(task(1, nursery(task(2), task(3)), nursery())));
  assert.deepEqual(changes.map(({ type, node, after }) => [type, node.key, node.kind, node.parent, after]), [
    ['appeared', '/1', 'task', null, null],
    ['appeared', '/1/nursery 0', 'nursery', '/1', null],
    ['appeared', '/1/nursery 0/2', 'task', '/1/nursery 0', null],
    ['appeared', '/1/nursery 0/3', 'task', '/1/nursery 0', '/1/nursery 0/2'],
    ['appeared', '/1/nursery 1', 'nursery', '/1', '/1/nursery 0'],
  ]);
});

test('the same tree again is no change', () => {
  const tree = () => task(1, nursery(task(2, nursery(task(3))), task(4)));
  assert.deepEqual(told(tree(), tree()), []);
});

test('who has finished is gone with all below, told once, and the block counts those it still waits for', () => {
  assert.deepEqual(told(task(1, nursery(task(2, nursery(task(3))), task(4))), task(1, nursery(task(4)))), [
    ['gone', '/1/nursery 0/2'],
    ['changed', '/1/nursery 0'],
  ]);
});

test('a block is gone when its parent goes on, and stays as long as one child is in it', () => {
  const parent = (...children) => task(1, nursery(...children));
  assert.deepEqual(told(parent(task(2), task(3)), parent(task(3))).filter(([type]) => type === 'gone'), [['gone', '/1/nursery 0/2']]);
  assert.deepEqual(told(parent(task(3)), task(1)), [['gone', '/1/nursery 0']]);
});

test('what a task waits for, its mail and its end are changes of that task alone', () => {
  const changed = { ...task(2), waits_on: 'net.hub', mail: 5, is_cancelled: true };
  const [change, ...others] = changesBetween(nodesOf(task(1, nursery(task(2)))), nodesOf(task(1, nursery(changed))));
  assert.deepEqual(others, []);
  assert.equal(change.node.value.mail, 5);
  assert.equal(change.was.mail, undefined);
});

test('siblings that are only counted stand behind the others, and their number changes', () => {
  const crowd = (count) => task(1, { tasks: [task(2)], more: [{ kind: 'browsers', count }] });
  assert.deepEqual(told(task(1, nursery(task(2))), crowd(940)), [
    ['changed', '/1/nursery 0'],
    ['appeared', '/1/nursery 0/browsers', '/1/nursery 0/2'],
  ]);
  assert.deepEqual(told(crowd(940), crowd(941)), [['changed', '/1/nursery 0'], ['changed', '/1/nursery 0/browsers']]);
});

test('only what stands elsewhere is moved', () => {
  assert.deepEqual(told(task(1, nursery(task(2), task(3), task(4))), task(1, nursery(task(4), task(2), task(3)))), [
    ['moved', '/1/nursery 0/4', null],
  ]);
});

// Does what tree.js does to the page, to lists of keys.
function follow(lists, changes) {
  const put = (key, parent, after) => {
    const list = lists.get(parent) ?? lists.set(parent, []).get(parent);
    list.splice(list.indexOf(after) + 1, 0, key); // without one: at the start
  };
  const take = (key) => lists.forEach((list) => list.includes(key) && list.splice(list.indexOf(key), 1));
  for (const { type, key, node, after } of changes) {
    if (type === 'gone') {
      take(key);
      for (const parent of lists.keys()) if (parent === key || parent?.startsWith(`${key}/`)) lists.delete(parent);
    }
    if (type === 'moved') take(node.key);
    if (type === 'moved' || type === 'appeared') put(node.key, node.parent, after);
  }
}

test('whatever comes after whatever, the changes make the one of the other', () => {
  const chance = randomness(7);
  const grow = (depth) => (depth === 0 ? [] : Array.from({ length: Math.floor(chance() * 3) }, () => {
    const ids = [1, 2, 3, 4, 5, 6].filter(() => chance() < 0.5).sort(() => chance() - 0.5);
    return nursery(...ids.map((id) => task(id, ...grow(depth - 1))));
  }));
  const lists = new Map();
  let before = nothing;
  for (let round = 0; round < 300; round += 1) {
    const after = nodesOf(task(1, ...grow(3)));
    follow(lists, changesBetween(before, after));
    const wanted = new Map();
    for (const { key, parent } of after.values()) wanted.set(parent, [...(wanted.get(parent) ?? []), key]);
    const found = new Map([...lists].filter(([, list]) => list.length > 0));
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(wanted), `round ${round}`);
    before = after;
  }
});

function sourcesWith(t) {
  const asked = [];
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const clock = { at: 0, isHeard: true };
  const sources = createSources((line) => clock.isHeard && asked.push(line) > 0, () => clock.at);
  const pass = (ms) => {
    clock.at += ms;
    mock.timers.tick(ms);
  };
  return { asked, clock, pass, sources };
}

const excerpt = (file, first) => ({ type: 'source', file, first, lines: Array(9).fill('x') });

test('the same lines are asked for once', (t) => {
  const { asked, pass, sources } = sourcesWith(t);
  assert.equal(sources.around('net/hub.py', 10), null);
  pass(1500);
  assert.equal(sources.around('net/hub.py', 10), null);
  const frame = excerpt('net/hub.py', 6);
  assert.equal(sources.came(frame), true);
  assert.equal(sources.around('net/hub.py', 10), frame);
  pass(60_000);
  assert.deepEqual(asked, ['/source net/hub.py 10']);
});

test('whoever sweeps over the tree asks once a second, and for where they are', (t) => {
  const { asked, pass, sources } = sourcesWith(t);
  for (let line = 1; line <= 20; line += 1) {
    sources.around('a.py', line);
    pass(100);
  }
  pass(1000);
  assert.deepEqual(asked, ['/source a.py 1', '/source a.py 10', '/source a.py 20']);
});

test('a task that is in no file of ours is not asked for', (t) => {
  const { asked, pass, sources } = sourcesWith(t);
  assert.equal(sources.around('', 0), null);
  pass(5000);
  assert.deepEqual(asked, []);
});

test('while nobody hears, it is asked again later', (t) => {
  const { asked, clock, pass, sources } = sourcesWith(t);
  clock.isHeard = false;
  sources.around('a.py', 1);
  clock.isHeard = true;
  pass(1000);
  assert.deepEqual(asked, ['/source a.py 1']);
});

test('an answer that is lost is asked for again, and one that comes late is kept for its own line', (t) => {
  const { asked, pass, sources } = sourcesWith(t);
  sources.around('a.py', 10);
  pass(1000);
  sources.around('a.py', 12);
  assert.equal(sources.came(excerpt('a.py', 6)), true);
  assert.equal(sources.around('a.py', 12), null);
  pass(5000);
  sources.around('a.py', 12);
  assert.deepEqual(asked, ['/source a.py 10', '/source a.py 12', '/source a.py 12']);
});

test('source that was asked for by a line is nobody elses', (t) => {
  const { sources } = sourcesWith(t);
  assert.equal(sources.came(excerpt('b.py', 1)), false);
  sources.around('a.py', 10);
  assert.equal(sources.came(excerpt('b.py', 6)), false);
});
