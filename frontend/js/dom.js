// Helpers for finding and making elements. They must not know what is being shown.
//
// Strings become text nodes, never markup: what people type cannot turn into elements here.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
