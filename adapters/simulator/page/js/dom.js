// Elements built from values. Text always becomes a text node, never markup.

/** Return an element; `props` are attributes, `on…` listeners, `class` and `dataset`. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

const ICONS = {
  hash: "M5 9h14M5 15h14M10 4 8 20M16 4l-2 16",
  bot: "M12 3v3M6 8h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM9 12v2M15 12v2",
  send: "M4 12 20 4l-5 16-3-7-8-1Z",
  reply: "M9 8 4 12l5 4M4 12h9a6 6 0 0 1 6 6",
  close: "M6 6l12 12M18 6 6 18",
  chevron: "M6 9l6 6 6-6",
  check: "M5 12.5 10 17l9-10",
  cross: "M7 7l10 10M17 7 7 17",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6l1-7Z",
  down: "M12 5v14M6 13l6 6 6-6",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
};

/** Return a small line icon, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Return a disc with initials; the hue follows from the name. */
export function avatar(name, { bot = false, round = false } = {}) {
  const shape = round ? " is-round" : "";
  if (bot) return h("span", { class: `avatar is-bot${shape}`, "aria-hidden": "true" }, icon("bot"));
  const initials = name.split(/\s+/).map((word) => word[0] ?? "").slice(0, 2).join("");
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 8, 7);
  return h("span", { class: `avatar hue-${hue}${shape}`, "aria-hidden": "true" }, initials);
}

/** Return `url` if a click may open it, else an empty string. */
export function safeUrl(url) {
  return /^(https?:|mailto:)/i.test(url) ? url : "";
}

/** Return a link that opens elsewhere and tells nobody where it came from. */
export function link(url, ...label) {
  const href = safeUrl(url);
  if (!href) return h("span", {}, ...label);
  return h("a", { href, target: "_blank", rel: "noreferrer noopener" }, ...label);
}

/** Return "14:03" in the reader's time zone. */
export function clock(when) {
  const date = when instanceof Date ? when : new Date(when);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** Keep a list at its end if it was there while `change` runs; else leave it alone. */
export function holdScroll(list, change) {
  const atEnd = isAtEnd(list);
  change();
  if (atEnd) list.scrollTop = list.scrollHeight;
  return atEnd;
}

export function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 60;
}

/** Keep a list at its end when it is resized, unless it was scrolled away from there. */
export function stickToEnd(list) {
  let atEnd = true;
  list.addEventListener("scroll", () => (atEnd = isAtEnd(list)));
  new ResizeObserver(() => atEnd && (list.scrollTop = list.scrollHeight)).observe(list);
}

/** Move what a person has typed from one rendering to the next. */
function carryTyped(before, after) {
  const typed = (root) => [...root.querySelectorAll("input, textarea, select")];
  const successors = typed(after);
  typed(before).forEach((field, index) => {
    const successor = successors[index];
    if (!successor || successor.type !== field.type) return;
    if (field.type === "checkbox" || field.type === "radio") successor.checked = field.checked;
    else if (field.value) successor.value = field.value;
  });
}

/**
 * Replace `before`, keeping typed text and focus where the structure allows it.
 * Where what had the focus is gone, the list has it: a keyboard goes on from there.
 */
export function swap(before, after) {
  carryTyped(before, after);
  const focusable = "input, textarea, select, button, a";
  const index = [...before.querySelectorAll(focusable)].indexOf(document.activeElement);
  const range = index >= 0 && "selectionStart" in document.activeElement
    ? [document.activeElement.selectionStart, document.activeElement.selectionEnd] : null;
  before.replaceWith(after);
  if (index < 0) return;
  const heir = after.querySelectorAll(focusable)[index] ?? after.closest("[role=log]");
  heir?.focus({ preventScroll: true });
  if (range && heir?.setSelectionRange && range[0] !== null) heir.setSelectionRange(...range);
}
