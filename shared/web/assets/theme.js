// The chosen colour scheme, set before anything is drawn. Without a choice the system's scheme holds.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
} catch {
  // storage is forbidden here: the system's scheme holds
}
