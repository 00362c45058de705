// Before the first paint: the theme that was chosen, else the system's.
try {
  const theme = localStorage.getItem("polygate-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme holds then.
}
