// What the room is about, beside its name. It must not know who said so, or when.

export function createTopic(element) {
  return function render({ topic }, before) {
    if (topic === before.topic) return;
    element.textContent = topic;
    element.title = topic; // there may be too little room for all of it
  };
}
