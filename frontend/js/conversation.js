// The conversation on the page, and where in it its reader is: drawing, scrolling, asking for what was before.
// It must not know the connection, nor what a line says.

import { byId } from './dom.js';
import { createMessages } from './messages.js';
import { hasOlder } from './requests.js';
import { stayAtEnd } from './scroll.js';

// act(event): the reader has done something; redraw(): there is more to be shown of what is known.
export function createConversation({ getState, act, redraw }) {
  const log = byId('log');
  const earlier = byId('earlier');
  const scroll = stayAtEnd(log, byId('lines'), byId('jump'), { onMove: look, onTop: showOlder });
  const messages = createMessages(log, byId('lines'), { isFollowing: scroll.isFollowing, decide });

  function look() {
    act({ type: 'looking', looking: scroll.isFollowing() && !document.hidden });
  }

  function showOlder() {
    if (messages.reveal(getState())) redraw();
    else if (hasOlder(getState())) act({ type: 'older' });
  }

  // What was pressed is gone; the focus must be somewhere.
  function decide(type, key) {
    act({ type, key });
    byId('message').focus();
  }

  earlier.addEventListener('click', () => {
    scroll.stay();
    showOlder();
  });

  return {
    look,
    toEnd: scroll.toEnd,
    // -> whether there is more to draw, in another frame.
    render(now) {
      scroll.render(now);
      return scroll.keeping(() => {
        earlier.hidden = !hasOlder(now);
        return messages.render(now);
      });
    },
  };
}
