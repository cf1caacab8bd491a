// Colours of what is drawn, from the style sheet, so that canvas, SVG and page agree.

const NAMES = [
  "background",
  "band",
  "rule",
  "text",
  "muted",
  "positive",
  "negative",
  "cold",
  "faint",
  "hot",
  "error",
  "token",
  "target",
  "mark",
  "path",
  "common",
  "only-a",
  "only-b",
];

/** Of the page as it is seen; with `print` of the light page. */
export function readTheme(print = false) {
  const probe = document.createElement("div");
  if (print) probe.className = "print";
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const theme = Object.fromEntries(
    NAMES.map((name) => [name.replace("-", "_"), style.getPropertyValue(`--${name}`).trim()]),
  );
  probe.remove();
  const steps = (from) =>
    Array.from({length: 16}, (_, i) => d3.interpolateLab(theme[from], theme.hot)(i / 15));
  theme.heat = steps("cold");
  theme.dots = steps("faint");
  return theme;
}

const step = (strength) => Math.min(15, Math.floor(strength * 16));

/** The more of all influence a node has, the warmer. */
export const heatOf = (theme, strength) => theme.heat[step(strength)];
/** The same of nodes that are too small for an outline. */
export const dotOf = (theme, strength) => theme.dots[step(strength)];
