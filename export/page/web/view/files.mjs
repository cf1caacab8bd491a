// What the reader keeps and opens: the page with its state, the state alone, a second graph.
import {savedFrom} from "../core/state.mjs";
import {graphFromText} from "../core/viewer_json.mjs";
import {download} from "./dom.mjs";

/** `pristine`: the document before any script touched it. Its policy holds for the copy too. */
export function savePage(pristine, name, state, compared) {
  const copy = pristine.cloneNode(true);
  const put = (id, text) => {
    copy.querySelector(`#${id}`).textContent = text;
  };
  put("saved-state", scriptSafe(JSON.stringify(savedFrom(state))));
  if (compared?.page) {
    put("compare-head", scriptSafe(compared.page.head));
    put("compare-columns", compared.page.columns);
  }
  download(`${name}.html`, "text/html", `<!DOCTYPE html>\n${copy.outerHTML}\n`);
}

const scriptSafe = (json) => json.replace(/</g, "\\u003c");

export function saveState(name, state) {
  download(
    `${name}.state.json`,
    "application/json",
    JSON.stringify({qParams: savedFrom(state)}, null, 1),
  );
}

/** {saved} of a file of `saveState` or of other viewers' parameters, else {graph} to compare with. */
export function openFile(text) {
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    /* a page, or nothing that we know: decided below */
  }
  if (json !== null && typeof json === "object" && !Array.isArray(json.nodes)) {
    const saved = json.qParams ?? json;
    if (["pinnedIds", "supernodes", "clerps"].some((key) => key in saved)) return {saved};
  }
  return {graph: graphFromText(text)};
}
