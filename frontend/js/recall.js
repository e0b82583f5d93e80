// What was sent before, to be had again with the arrow keys. Pure: it must not know the page.

const MOST = 100; // further back nobody presses a key

export function createRecall() {
  const sent = [];
  let at = 0; // sent.length: at the draft
  let draft = '';

  return {
    add(text) {
      if (text !== sent.at(-1)) sent.push(text);
      if (sent.length > MOST) sent.shift();
      at = sent.length;
      draft = '';
    },

    // -> the text before this one; null when there is none. What is being written is kept.
    older(current) {
      if (at === 0) return null;
      if (at === sent.length) draft = current;
      at -= 1;
      return sent[at];
    },

    // -> the text after this one, and last of all the draft; null when that is where we are.
    newer() {
      if (at === sent.length) return null;
      at += 1;
      return at === sent.length ? draft : sent[at];
    },

    // Changed by hand, a recalled text is a draft like any other.
    leave() {
      at = sent.length;
    },
  };
}
