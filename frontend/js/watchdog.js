// Finds out that a connection is dead though nobody has closed it: something sent stays unanswered.
// It must not know how anything is sent, nor what becomes of the connection.

const PATIENCE = 10_000; // ms, twice: then the room is asked for a sign of life, and then it is given up

// ask() makes the room answer, whatever it was that stays without; giveUp() is the end of the connection.
// -> watch(): call it whenever something may have been sent or answered.
export function createWatchdog({ getState, ask, giveUp }) {
  let awaited = null;
  let timer = null;

  return function watch() {
    const now = awaitedIn(getState());
    if (now === awaited) return;
    awaited = now;
    clearTimeout(timer);
    if (now === null) return;
    timer = setTimeout(() => {
      timer = setTimeout(giveUp, PATIENCE);
      if (getState().joined && getState().asked === null) ask();
    }, PATIENCE);
  };
}

// -> the number of the oldest frame of this seat that has to be answered; 0 at the door; null: none.
// While the room is out of the server's reach, the server has said so, and why nothing is answered.
export function awaitedIn({ joined, asked, queue, link, prompted }) {
  if (link.away) return null;
  if (!joined) return link.phase === 'open' && !prompted ? 0 : null;
  const sent = queue.filter(({ status }) => status === 'sent').map(({ n }) => n);
  const all = asked === null ? sent : [...sent, asked];
  return all.length > 0 ? Math.min(...all) : null;
}
