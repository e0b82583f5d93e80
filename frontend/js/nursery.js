// The nursery pane: this room's own tasks, live, and acts that show what a nursery is for.
// It must not know how the tree is drawn, nor how frames come.

import { createDetail } from './detail.js';
import { el } from './dom.js';
import { createSources } from './sources.js';
import { createTree } from './tree.js';
import { changesBetween, nodesOf } from './treeview.js';

const INTENT = 150; // ms that a pointer has to rest on a task
const ACTS = [
  ['Demo', '/demo', 'A parent waits for its two children.'],
  ['Storm', '/chaos storm', '36 children, and one scope that cancels them.'],
  ['Stall', '/chaos stall', 'You stop reading. Nobody else has to wait.'],
  ['Crash', '/chaos crash', 'Your task raises. Nobody else falls.'],
];
const LOOKS = /^\/(tasks|source)\b/i; // what is sent by looking, and says nothing of an act

export function createNursery({ getState, command, close }) {
  const hide = el('button', { class: 'quiet', type: 'button', 'aria-label': 'Close tree' }, 'Close');
  const told = el('p', { class: 'told' });
  const tree = createTree({ point, choose });
  const detail = createDetail({ cancel });
  const sources = createSources(command);
  const pane = el('aside', { class: 'nursery-pane', 'aria-label': 'Nursery pane', tabindex: '-1' },
    el('header', {}, el('h2', {}, 'Nursery'), hide),
    el('p', { class: 'intro' }, 'The program behind this room, live. A block is a nursery: it ends when all the tasks in it have.'),
    el('div', { class: 'acts' }, ...ACTS.map(actOf)),
    told,
    el('div', { class: 'stage' }, tree.element),
    detail.element);
  let nodes = new Map();
  let at = 0;
  let chosen = null; // keys of tasks
  let pointed = null;
  let resting = null;
  let excerpt = null; // source that was asked for by a line
  let isActing = false;

  function actOf([name, line, purpose], index) {
    const button = el('button', { type: 'button', 'aria-describedby': `act-${index}` }, name);
    button.addEventListener('click', () => command(line));
    return el('div', {}, button, el('p', { id: `act-${index}` }, purpose));
  }

  // Where nothing is chosen, the last one that was looked at stays: its source may be read, too.
  function point(key) {
    clearTimeout(resting);
    if (key === null && chosen === null) return;
    resting = setTimeout(() => {
      pointed = key;
      excerpt = null;
      showDetail();
    }, INTENT);
  }

  function choose(key) {
    chosen = pointed = key;
    excerpt = null;
    tree.mark(key);
    showDetail();
  }

  function cancel() {
    command('/cancel');
    pane.focus(); // the button goes
  }

  function showDetail() {
    if (excerpt) return detail.excerpt(excerpt);
    const key = nodes.has(pointed) ? pointed : chosen;
    const node = nodes.get(key);
    const task = node?.kind === 'task' ? node.value : null;
    const isOffered = key === chosen && task?.nick === getState().me;
    detail.show(task, at, { isOffered, frame: task && sources.around(task.file, task.line) });
  }

  function draw(root) {
    const before = nodes;
    nodes = root ? nodesOf(root) : new Map();
    const changes = changesBetween(before, nodes);
    tree.apply(changes, getState().me);
    if (isActing) followActor(changes);
    showDetail();
  }

  // Whoever asked for an act wants to see it, wherever in the tree it is.
  function followActor(changes) {
    const actor = changes.find(({ type, node }) => type === 'appeared' && node.value.name?.startsWith(`${getState().me}: `));
    if (actor) tree.reveal(actor.node.key);
  }

  function isLive(is) {
    pane.classList.toggle('still', !is);
    if (!is) told.textContent = getState().me === null ? 'Come in, and it is here.' : 'Not connected. This is how it was.';
    else if (!isActing) told.textContent = '';
  }

  const hears = {
    tasks(frame) {
      at = frame.at;
      draw(frame.root);
    },
    ran: ({ ids }) => tree.glow(ids),
    source(frame) {
      if (!sources.came(frame)) excerpt = frame;
      showDetail();
    },
    // Another process numbers its tasks anew.
    welcome({ resumed }) {
      if (!resumed) draw(null);
      isLive(true);
      command('/tasks watch');
    },
    link: (_, { joined }) => isLive(joined),
    typed({ lines }) {
      if (!LOOKS.test(lines[0])) isActing = ACTS.some(([, line]) => line === lines[0]) || lines[0] === '/cancel';
    },
    notice({ text }) {
      if (isActing) told.textContent = text;
    },
  };

  hide.addEventListener('click', close);
  pane.addEventListener('keydown', ({ key }) => key === 'Escape' && close());
  showDetail();

  return {
    pane,
    open(takesFocus) {
      isLive(command('/tasks watch'));
      if (takesFocus) pane.focus();
    },
    hear: (event, state) => hears[event.type]?.(event, state),
    end() {
      command('/tasks stop');
      clearTimeout(resting);
      sources.end();
      pane.remove();
    },
  };
}
