// Which events a reader who looked elsewhere has missed. Pure: it must not know the page.

const SPEECH = ['said', 'acted', 'whispered'];

// -> a function that tells of each event, as it comes, what in it is news to `me`.
export function createNews() {
  let resumed = false; // only the history after a resume is news; any other was there before us

  return function newsIn(event, me) {
    let events = [event];
    if (event.type === 'welcome') resumed = event.resumed;
    if (event.type === 'history') {
      events = resumed ? event.events : [];
      resumed = false;
    }
    return events.filter(({ type, nick }) => SPEECH.includes(type) && nick !== me);
  };
}

// The last of them that calls the reader: a whisper, or a line that mentions them.
export function callIn(news, lines) {
  return news.findLast(({ type, id }) => type === 'whispered' || lines.findLast((line) => line.id === id)?.mention);
}
