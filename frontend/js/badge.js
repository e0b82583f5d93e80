// The page's icon with a number on it. It must not know what is counted.

const icon = document.querySelector('link[rel="icon"]');
const plain = icon.href;
let art = null; // the icon's own drawing, once it is needed
let latest = 0;

export async function badge(count) {
  latest = count;
  art ??= fetch(plain).then((answer) => answer.text()).catch(() => null);
  const drawing = await art;
  if (drawing === null || count !== latest) return;
  icon.href = count === 0 ? plain : `data:image/svg+xml,${encodeURIComponent(numbered(drawing, count))}`;
}

export function numbered(drawing, count) {
  const text = count > 9 ? '9+' : count;
  return drawing.replace('</svg>', '<circle cx="22" cy="10" r="10" fill="#b42318"/>'
    + `<text x="22" y="15" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="14" fill="#fff">${text}</text></svg>`);
}
