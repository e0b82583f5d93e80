// Where a name is given. It must not know the socket, nor which names are good: the room decides.

export function createJoinForm(form, { join }) {
  const field = form.querySelector('input');
  const problem = form.querySelector('.hint');

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    join(field.value.trim());
  });

  // Never out of a half-written message: the next words typed would become a name.
  function takeFocus() {
    const elsewhere = document.activeElement;
    if (elsewhere?.value && !form.contains(elsewhere)) return;
    field.focus();
    field.select();
  }

  return function render(state, before) {
    const wasHidden = form.hidden;
    const { asking, name, seat, me } = state;
    form.hidden = asking ? asking.elsewhere === true : seat !== null || me !== null;
    if (form.hidden) return;
    if (asking !== before.asking || wasHidden) {
      const { reason = '', refused = false } = asking ?? {};
      field.value = (asking?.name ?? state.wanted ?? name) || field.value;
      field.setAttribute('aria-invalid', refused);
      problem.textContent = reason;
      takeFocus();
    }
  };
}
