// Calls a reader who looks elsewhere: how much is unread, in the title and on the icon. Told of
// every event as it comes, since a hidden page draws nothing. It must not know how to notify.

const SPEECH = ['said', 'acted', 'whispered'];

export function createNotice() {
  const title = document.title;
  let unread = 0;
  let resumed = false; // only the history after a resume is news; any other was there before us

  function show() {
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
    import('./badge.js').then(({ badge }) => badge(unread));
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden || unread === 0) return;
    unread = 0;
    show();
  });

  return function notice(event, state) {
    const news = newsOf(event).filter(({ type, nick }) => SPEECH.includes(type) && nick !== state.me);
    if (!document.hidden || news.length === 0) return;
    unread += news.length;
    show();
    const call = news.findLast(({ type, id }) => type === 'whispered' || isMention(state.lines, id));
    if (call) import('./alerts.js').then(({ alertTo }) => alertTo(call));
  };

  function newsOf(event) {
    if (event.type === 'welcome') resumed = event.resumed;
    if (event.type !== 'history') return [event];
    const events = resumed ? event.events : [];
    resumed = false;
    return events;
  }
}

function isMention(lines, id) {
  return lines.findLast((line) => line.id === id)?.mention === true;
}
