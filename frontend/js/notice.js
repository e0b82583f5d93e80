// Calls a reader who looks elsewhere: how much is unread, in the title and on the icon. Told of
// every event as it comes, since a hidden page draws nothing. It must not know how to notify.

import { eventually } from './lazy.js';
import { callIn, createNews } from './news.js';

export function createNotice() {
  const title = document.title;
  const newsIn = createNews();
  let unread = 0;

  function show() {
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
    eventually(() => import('./badge.js')).then(({ badge }) => badge(unread));
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden || unread === 0) return;
    unread = 0;
    show();
  });

  return function notice(event, { me, lines }) {
    const news = newsIn(event, me);
    if (!document.hidden || news.length === 0) return;
    unread += news.length;
    show();
    const call = callIn(news, lines);
    if (call) eventually(() => import('./alerts.js')).then(({ alertTo }) => alertTo(call));
  };
}
