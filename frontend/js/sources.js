// The program's own source, some lines at a time: asked for once, one question a second at most.
// It must not know how lines are sent, nor where they are shown.

const EVERY = 1000; // ms: whoever sweeps over the tree wants to see where they stop
const PATIENCE = 5000; // ms until an answer is taken to be lost

// ask(command) -> whether the room is being asked.
export function createSources(ask, now = () => performance.now()) {
  const known = new Map(); // "file:line" -> frame
  let wanted = null; // only the newest: nobody looks at the others any more
  let asked = []; // answers come in the same order
  let timer = null;

  function next() {
    clearTimeout(timer);
    asked = asked.filter(({ at }) => now() - at < PATIENCE);
    if (!wanted) return;
    const wait = (asked.at(-1)?.at ?? -EVERY) + EVERY - now();
    if (wait > 0) timer = setTimeout(next, wait);
    else if (!ask(`/source ${wanted.file} ${wanted.line}`)) timer = setTimeout(next, EVERY);
    else {
      asked.push({ ...wanted, at: now() });
      wanted = null;
    }
  }

  return {
    // -> the frame with this line, or null: then it will come.
    around(file, line) {
      const key = `${file}:${line}`;
      const isComing = asked.some((one) => one.key === key && now() - one.at < PATIENCE);
      if (wanted?.key !== key) {
        wanted = file === '' || known.has(key) || isComing ? null : { key, file, line };
        next();
      }
      return known.get(key) ?? null;
    },

    // -> whether it was this that asked for it.
    came(frame) {
      const isAround = ({ file, line }) =>
        file === frame.file && line >= frame.first && line < frame.first + frame.lines.length;
      const index = asked.findIndex(isAround);
      if (index < 0) return false;
      known.set(asked[index].key, frame);
      asked.splice(0, index + 1);
      return true;
    },

    end: () => clearTimeout(timer),
  };
}
