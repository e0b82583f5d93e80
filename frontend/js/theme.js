// The theme chosen in the settings, before anything is painted: that is why this is no module.
try {
  document.documentElement.dataset.theme = localStorage.getItem('playroom.theme') ?? 'auto';
} catch {
  // Storage is forbidden: the system's theme it is.
}
