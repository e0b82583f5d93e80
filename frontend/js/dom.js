// One helper for making elements. It must not know what is being shown.
//
// Strings become text nodes, never markup: what people type cannot turn into elements here.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
