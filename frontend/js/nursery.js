// The nursery pane: this room's own tasks, live, and acts that show what a nursery is for.
// It must not know how the tree is drawn, nor how frames come.

import { createActs } from './acts.js';
import { createDetail } from './detail.js';
import { el } from './dom.js';
import { createSources } from './sources.js';
import { createTree } from './tree.js';
import { changesBetween, nodesOf } from './treeview.js';

const INTENT = 150; // ms that a pointer has to rest on a task
export function createNursery({ getState, command, close }) {
  const hide = el('button', { class: 'quiet', type: 'button', 'aria-label': 'Close tree' }, 'Close');
  const acts = createActs(command);
  const tree = createTree({ point, choose });
  const detail = createDetail({ cancel });
  const sources = createSources(command);
  const pane = el('aside', { class: 'nursery-pane', 'aria-label': 'Nursery pane', tabindex: '-1' },
    el('header', {}, el('h2', {}, 'Nursery'), hide),
    el('p', { class: 'intro' }, 'The program behind this room, live. A block is a nursery: it ends when all the tasks in it have.'),
    acts.element,
    el('div', { class: 'stage' }, tree.element),
    detail.element);
  let nodes = new Map();
  let at = 0;
  let chosen = null; // keys of tasks
  let pointed = null;
  let resting = null;
  let excerpt = null; // source that was asked for by a line

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
    if (acts.isOn()) followActor(changes);
    showDetail();
  }

  // Whoever asked for an act wants to see it, wherever in the tree it is.
  function followActor(changes) {
    const actor = changes.find(({ type, node }) => type === 'appeared' && node.value.name?.startsWith(`${getState().me}: `));
    if (actor) tree.reveal(actor.node.key);
  }

  // A tree that nobody sees is not walked for. -> whether the room is there to be asked.
  const watch = () => command(document.hidden ? '/tasks stop' : '/tasks watch');

  function isLive(is) {
    pane.classList.toggle('still', !is);
    if (is) acts.tell('');
    else acts.tell(getState().me === null ? 'Come in, and it is here.' : 'Not connected. This is how it was.');
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
      watch();
    },
    link: (_, { joined }) => isLive(joined),
    typed: ({ lines }) => acts.asked(lines[0]),
    // Also why there is no tree, when there is none.
    notice: ({ text }) => (acts.isOn() || nodes.size === 0) && acts.tell(text),
  };

  hide.addEventListener('click', close);
  pane.addEventListener('keydown', ({ key }) => key === 'Escape' && close());
  showDetail();

  return {
    pane,
    open(takesFocus) {
      isLive(watch());
      document.addEventListener('visibilitychange', watch);
      if (takesFocus) pane.focus();
    },
    hear: (event, state) => Object.hasOwn(hears, event.type) && hears[event.type](event, state),
    end() {
      command('/tasks stop');
      document.removeEventListener('visibilitychange', watch);
      clearTimeout(resting);
      sources.end();
      pane.remove();
    },
  };
}
