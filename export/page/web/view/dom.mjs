// Elements made from values. Texts go in as text nodes and attributes only: no markup is parsed.

/** `element("li", {class: "x", "aria-label": "…", onclick: f}, "text", child, …)` */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null)
      made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function svgElement(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Says something to screen readers. */
export function announce(text) {
  byId("status").textContent = text;
}

/** Lets the reader keep a file. */
export function download(name, type, content) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], {type}));
  element("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

export const shorten = (text, most) => {
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters.slice(0, Math.max(1, most - 1)).join("")}…`;
};
