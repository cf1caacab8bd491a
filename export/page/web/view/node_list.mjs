// A list of nodes that keys and screen readers can walk: one stop of Tab, arrows move, Enter chooses.
import {element} from "./dom.mjs";

const STEP = 100; // rows made at a time: thousands of them would make every choice slow

export class NodeList {
  /**
   * `row(item)` → children of an option; `name(item)` → what is read out; `detail(item)` → an element
   * that the active option shows besides, or null. A click on `[data-more]` of a row activates it.
   */
  constructor(
    root,
    {label, row, name, choose, hover = () => {}, detail = () => null, empty = "none"},
  ) {
    Object.assign(this, {
      root,
      row,
      name,
      choose,
      hover,
      detail,
      empty,
      items: [],
      shown: STEP,
      active: -1,
    });
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-label", label);
    root.tabIndex = 0;
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("click", (event) => {
      const at = this.indexOf(event.target);
      if (at < 0 || event.target.closest(".detail")) return;
      if (event.target.closest("[data-more]")) this.activate(at === this.active ? -1 : at);
      else this.choose(this.items[at], event);
    });
    root.addEventListener("pointerover", (event) =>
      this.hover(this.items[this.indexOf(event.target)]),
    );
    root.addEventListener("pointerleave", () => this.hover(undefined));
    root.addEventListener("scroll", () => {
      if (root.scrollTop + root.clientHeight > root.scrollHeight - 40) this.more();
    });
  }

  update(items) {
    this.items = items;
    this.shown = Math.min(STEP, items.length);
    this.activate(-1);
    this.root.scrollTop = 0;
    this.root.replaceChildren(
      ...items.slice(0, this.shown).map((item, at) => this.option(item, at)),
    );
    if (items.length === 0) this.root.append(element("li", {class: "empty"}, this.empty));
  }

  more() {
    const next = this.items.slice(this.shown, this.shown + STEP);
    this.root.append(...next.map((item, k) => this.option(item, this.shown + k)));
    this.shown += next.length;
  }

  option(item, at) {
    return element(
      "li",
      {
        role: "option",
        id: `${this.root.id}-${at}`,
        "aria-selected": "false",
        "aria-label": this.name(item),
        "aria-setsize": this.items.length,
        "aria-posinset": at + 1,
        "data-at": at,
      },
      ...this.row(item),
    );
  }

  indexOf(target) {
    const option = target.closest?.("[data-at]");
    return option ? Number(option.dataset.at) : -1;
  }

  key(event) {
    const last = this.items.length - 1;
    const moves = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      Home: 0,
      End: last,
      PageDown: this.active + 10,
      PageUp: this.active - 10,
    };
    if (event.key in moves && last >= 0) {
      event.preventDefault();
      event.stopPropagation();
      this.activate(Math.max(0, Math.min(last, moves[event.key])));
    } else if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      event.stopPropagation();
      this.choose(this.items[this.active], event);
    }
  }

  activate(at) {
    this.root.querySelector(".active")?.classList.remove("active");
    this.root.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    this.root.querySelector("[aria-describedby]")?.removeAttribute("aria-describedby");
    this.root.querySelector(".detail")?.remove();
    this.active = at;
    if (at < 0) return this.root.removeAttribute("aria-activedescendant");
    while (at >= this.shown) this.more();
    const option = this.root.querySelector(`[data-at="${at}"]`);
    option.classList.add("active");
    option.setAttribute("aria-selected", "true");
    this.showDetail(option, this.items[at]);
    option.scrollIntoView({block: "nearest"});
    this.root.setAttribute("aria-activedescendant", option.id);
    this.hover(this.items[at]);
  }
  showDetail(option, item) {
    const detail = this.detail(item);
    if (!detail) return;
    detail.id = `${this.root.id}-detail`;
    detail.classList.add("detail");
    option.append(detail);
    option.setAttribute("aria-describedby", detail.id);
  }
}
