// Block Kit, as elements. What is not known here is shown as a box that says so.
// Source: https://docs.slack.dev/reference/block-kit/blocks

import { h, icon, link } from "./dom.js";
import { markdown } from "./markdown.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/**
 * Return `blocks` as one element.
 * `names` has `users` and `channels`; `press(element, blockId)` is called when a
 * button is pressed, after its confirmation dialog if it has one.
 */
export function renderBlocks(blocks, { names = {}, press = () => {}, confirm } = {}) {
  const context = { names, press, confirm };
  return h("div", { class: "bk" }, blocks.map((block) => renderBlock(block, context)));
}

/** Return a text object: `mrkdwn` or `plain_text`. */
export function textOf(text, names) {
  if (!text) return "";
  if (text.type === "mrkdwn") return mrkdwn(text.text ?? "", { ...names, verbatim: Boolean(text.verbatim) });
  return plain(text.text ?? "").split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

const BLOCKS = {
  section: (block, context) =>
    h("div", { class: "bk-section" },
      h("div", { class: "bk-main" },
        block.text && h("div", { class: "bk-text" }, textOf(block.text, context.names)),
        block.fields && h("div", { class: "bk-fields" },
          block.fields.map((field) => h("div", { class: "bk-field" }, textOf(field, context.names))))),
      block.accessory && h("div", { class: "bk-accessory" }, element(block.accessory, block, context))),
  header: (block) => h("div", { class: "bk-header", role: "heading", "aria-level": 3 }, plain(block.text?.text ?? "")),
  context: (block, context) =>
    h("div", { class: "bk-context" }, (block.elements ?? []).map((part) =>
      part.type === "image" ? h("span", { class: "bk-alt" }, part.alt_text ?? "picture") : h("span", {}, textOf(part, context.names)))),
  divider: () => h("hr", { class: "bk-divider" }),
  actions: (block, context) =>
    h("div", { class: "bk-actions" }, (block.elements ?? []).map((part) => element(part, block, context))),
  markdown: (block, context) => h("div", { class: "bk-markdown prose" }, markdown(block.text ?? "", context.names)),
  rich_text: (block, context) => richText(block, context.names),
  input: (block, context) => input(block, context),
  image: (block) => h("div", { class: "bk-context" }, link(block.image_url ?? "", block.alt_text || "picture")),
  alert: (block, context) =>
    h("div", { class: `bk-alert is-${block.level ?? "default"}`, role: "note" }, textOf(block.text, context.names)),
  task_card: (block, context) => task(block, context),
  plan: (block, context) =>
    h("div", { class: "bk-plan" },
      block.title && h("div", { class: "bk-plan-title" }, typeof block.title === "string" ? block.title : textOf(block.title, context.names)),
      (block.tasks ?? []).map((part) => task(part, context))),
  table: (block, context) =>
    h("table", { class: "bk-table" }, h("tbody", {}, (block.rows ?? []).map((row) =>
      h("tr", {}, row.map((cell) => h("td", {}, cell.type === "rich_text" ? richText(cell, context.names) : String(cell.text ?? cell.value ?? ""))))))),
};

function renderBlock(block, context) {
  const render = Object.hasOwn(BLOCKS, block?.type) ? BLOCKS[block.type] : null;
  return render ? render(block, context) : unsupported("block", block?.type);
}

function unsupported(what, type) {
  return h("div", { class: "bk-unsupported", role: "note" }, `unsupported ${what}: ${type ?? "without type"}`);
}

function element(part, block, context) {
  if (part.type === "button") return button(part, block, context);
  if (part.type === "image") return h("span", { class: "bk-alt" }, part.alt_text ?? "picture");
  return unsupported("element", part.type);
}

function button(part, block, context) {
  const style = { primary: " is-primary", danger: " is-danger" }[part.style] ?? "";
  const face = h("button", {
    type: "button",
    class: `btn${style}`,
    "aria-label": part.accessibility_label,
    dataset: { action: part.action_id ?? "" },
  }, textOf(part.text, context.names));
  face.addEventListener("click", async () => {
    if (face.hasAttribute("aria-busy")) return;
    if (part.confirm && context.confirm && !(await context.confirm(part.confirm))) return;
    if (part.url) window.open(part.url, "_blank", "noreferrer,noopener");
    busy(face);
    context.press(part, block.block_id);
  });
  return face;
}

/**
 * Show that a press is under way, until the message is drawn anew or a while passes.
 * Not `disabled`: that would take the focus away from whoever uses a keyboard.
 */
export function busy(face) {
  face.setAttribute("aria-busy", "true");
  setTimeout(() => face.removeAttribute("aria-busy"), 5000);
}

function input(block, context) {
  const part = block.element ?? {};
  if (part.type !== "plain_text_input") return unsupported("input", part.type);
  const id = `in-${block.block_id}-${part.action_id}`;
  const field = h(part.multiline ? "textarea" : "input", {
    id,
    class: "field",
    rows: part.multiline ? 3 : undefined,
    type: part.multiline ? undefined : "text",
    placeholder: part.placeholder ? plain(part.placeholder.text) : undefined,
    minlength: part.min_length,
    maxlength: part.max_length ?? 3000,
    required: !block.optional,
    autofocus: Boolean(part.focus_on_load),
    "aria-describedby": `${id}-note`,
    dataset: { block: block.block_id, action: part.action_id },
  });
  if (part.initial_value) field.value = part.initial_value;
  return h("div", { class: "bk-input" },
    h("label", { for: id }, textOf(block.label, context.names), block.optional && h("span", { class: "muted" }, " (optional)")),
    field,
    h("div", { class: "bk-note", id: `${id}-note`, "aria-live": "polite" }, block.hint && textOf(block.hint, context.names)));
}

const STATUS = { pending: "waiting", in_progress: "running", complete: "done", error: "failed" };

function task(block, context) {
  const status = STATUS[block.status] ?? "waiting";
  const mark = status === "done" ? icon("check") : status === "failed" ? icon("cross") : null;
  const more = [block.details, block.output].filter(Boolean);
  return h("div", { class: `bk-task is-${status}` },
    h("span", { class: "bk-mark", role: "img", "aria-label": status }, mark),
    h("div", { class: "bk-main" },
      h("div", { class: "bk-task-title" }, typeof block.title === "string" ? plain(block.title) : textOf(block.title, context.names)),
      more.map((part) => (typeof part === "string" ? h("p", { class: "muted" }, part) : richText(part, context.names))),
      block.sources && h("div", { class: "bk-context" }, block.sources.map((source) => link(source.url ?? "", source.text ?? source.url)))));
}
