// The tree of tasks as the room tells it, and what is different from the last time.
// Pure. It must not know how a tree looks, nor what a task is for.
//
// A node is {key, kind, parent, value}: kind 'task' (value: the task without its nurseries),
// 'nursery' (value: {count}: the tasks it waits for) or 'more' (value: {kind, count}: tasks that are only counted).
// A key says where its node is, so whatever were to stand elsewhere would be another.

// -> Map of key -> node, in the order of the tree.
export function nodesOf(root) {
  const nodes = new Map();
  const add = (key, kind, parent, value) => nodes.set(key, { key, kind, parent, value });

  function addTask({ nurseries, ...task }, parent) {
    const key = `${parent ?? ''}/${task.id}`;
    add(key, 'task', parent, task);
    // The outermost comes first, so a place among them is as good as a name.
    nurseries.forEach((nursery, index) => addNursery(nursery, key, `${key}/nursery ${index}`));
  }

  function addNursery({ tasks, more }, parent, key) {
    const count = more.reduce((sum, each) => sum + each.count, tasks.length);
    add(key, 'nursery', parent, { count });
    for (const task of tasks) addTask(task, key);
    for (const each of more) add(`${key}/${each.kind}`, 'more', key, each);
  }

  addTask(root, null);
  return nodes;
}

// -> what makes the one of the other, to be done in this order:
//   {type: 'gone', key}             it and all below it; nothing below is told again
//   {type: 'appeared', node, after} after: the key of the sibling before it, null for none
//   {type: 'moved', node, after}    likewise
//   {type: 'changed', node, was}    was: its former value
export function changesBetween(before, after) {
  const gone = [...before.values()].filter(({ key, parent }) => !after.has(key) && (parent === null || after.has(parent)));
  const kept = new Map(); // parent -> its children that stay, in their former order
  for (const { key, parent } of before.values()) {
    if (after.has(key)) kept.set(parent, [...(kept.get(parent) ?? []), key]);
  }
  const last = new Map(); // parent -> the child that was placed last
  const rest = [...after.values()].flatMap((node) => {
    const { key, parent, value } = node;
    const place = { node, after: last.get(parent) ?? null };
    last.set(parent, key);
    const was = before.get(key);
    if (!was) return [{ type: 'appeared', ...place }];
    const siblings = kept.get(parent) ?? [];
    const isInPlace = siblings[0] === key;
    kept.set(parent, siblings.filter((sibling) => sibling !== key));
    return [
      ...(isInPlace ? [] : [{ type: 'moved', ...place }]),
      ...(isSame(was.value, value) ? [] : [{ type: 'changed', node, was: was.value }]),
    ];
  });
  return [...gone.map(({ key }) => ({ type: 'gone', key })), ...rest];
}

function isSame(one, other) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}
