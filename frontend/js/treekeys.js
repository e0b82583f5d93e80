// Where the keyboard is in the tree: one item can be reached by Tab, and the arrows go from it.
// It must not know what an item is.

const ITEMS = '[role=treeitem][data-key]';

export function createSteps(tree) {
  const items = () => [...tree.querySelectorAll(ITEMS)];
  const current = () => tree.querySelector(`${ITEMS}[tabindex="0"]`);

  function reach(item) {
    for (const other of tree.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    if (item) item.tabIndex = 0;
  }

  function goTo(item) {
    reach(item);
    item?.focus();
  }

  const steps = {
    ArrowDown: (all, at) => all[at + 1],
    ArrowUp: (all, at) => all[at - 1],
    ArrowRight: (all, at) => all[at].querySelector(ITEMS),
    ArrowLeft: (all, at) => all[at].parentElement.closest(ITEMS),
    Home: (all) => all[0],
    End: (all) => all.at(-1),
  };

  tree.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (key === 'Enter' || key === ' ') target.click();
    else if (Object.hasOwn(steps, key)) {
      const all = items();
      const next = steps[key](all, all.indexOf(target));
      if (next) goTo(next);
    } else return;
    event.preventDefault();
  });

  return {
    goTo,
    // After the tree has changed there has to be a way in.
    settle: () => current() ?? reach(items()[0]),
  };
}
