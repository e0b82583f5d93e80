// Says who is writing. It must not know for how long: the state forgets them in time.

export function createTyping(element) {
  return function render({ typing = [] }, before) {
    if (typing !== before.typing) element.textContent = sentence(typing);
  };
}

export function sentence(nicks) {
  if (nicks.length === 0) return '';
  if (nicks.length === 1) return `${nicks[0]} is typing…`;
  return nicks.length === 2 ? `${nicks[0]} and ${nicks[1]} are typing…` : 'Several people are typing…';
}
