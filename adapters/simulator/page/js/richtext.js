// The `rich_text` block.

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { angled } from "./mrkdwn.js";

/** Return a `rich_text` block. */
export function richText(block, names) {
  return h("div", { class: "bk-rich" }, (block.elements ?? []).map((part) => section(part, names)));
}

function section(part, names) {
  const runs = () => (part.elements ?? []).map((run) => inline(run, names));
  switch (part.type) {
    case "rich_text_section":
      return h("p", {}, runs());
    case "rich_text_quote":
      return h("blockquote", {}, runs());
    case "rich_text_preformatted":
      return h("pre", {}, runs());
    case "rich_text_list":
      return h(
        part.style === "ordered" ? "ol" : "ul",
        { class: `indent-${Math.min(part.indent ?? 0, 4)}` },
        (part.elements ?? []).map((item) => h("li", {}, (item.elements ?? []).map((run) => inline(run, names)))),
      );
    default:
      return h("p", {}, `unsupported: ${part.type}`);
  }
}

function inline(run, names) {
  switch (run.type) {
    case "text":
      return styled(lines(run.text), run.style);
    case "link":
      return styled(link(run.url, run.text ?? run.url), run.style);
    case "emoji":
      return emoji(run.name);
    case "user":
      return angled(`@${run.user_id}`, names);
    case "channel":
      return angled(`#${run.channel_id}`, names);
    case "broadcast":
      return angled(`!${run.range}`, names);
    default:
      return `[${run.type}]`;
  }
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

function styled(content, style = {}) {
  let node = content;
  for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
    if (style?.[name]) node = h(tag, {}, node);
  }
  return node;
}
