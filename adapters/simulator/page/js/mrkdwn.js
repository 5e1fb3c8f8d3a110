// Slack's mrkdwn, as a fragment of elements.
// Source: https://docs.slack.dev/messaging/formatting-message-text

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";

const FENCE = /```\n?([\s\S]*?)\n?```/g;
const BEFORE = String.raw`(?<![\p{L}\p{N}])`;
const AFTER = String.raw`(?![\p{L}\p{N}])`;
const span = (mark) => String.raw`${BEFORE}${mark}(?![\s${mark}])([^\n]*?[^\s${mark}])${mark}${AFTER}`;
const INLINE = new RegExp(
  [
    "`([^`\\n]+)`", // 1 code
    "<([^<>\\n]+)>", // 2 link, mention, broadcast
    span("\\*"), // 3 bold
    span("_"), // 4 italic
    span("~"), // 5 strike
    ":([a-z0-9_+'-]+):", // 6 emoji
    "(https?:\\/\\/[^\\s<>|]+[^\\s<>|.,;:!?)\\]'\"*_~])", // 7 bare address
  ].join("|"),
  "gu",
);

/** Undo Slack's escaping: exactly these three, each once. */
export function unescape(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

/**
 * Return `text` as mrkdwn. `names` tells what `users` and `channels` are called;
 * with `names.verbatim`, bare addresses stay text.
 */
export function mrkdwn(text, names = {}) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    fragment.append(paragraphs(text.slice(from, match.index), names));
    fragment.append(h("pre", {}, plainInCode(match[1], names)));
    from = match.index + match[0].length;
  }
  fragment.append(paragraphs(text.slice(from), names));
  return fragment;
}

/** Return `text` as plain text with emoji: what a `plain_text` object shows. */
export function plain(text) {
  return unescape(text).replace(/:([a-z0-9_+'-]+):/g, (_, name) => emoji(name));
}

function paragraphs(text, names) {
  const fragment = document.createDocumentFragment();
  let quote = null;
  const lines = text.replace(/^\n|\n$/g, "").split("\n");
  lines.forEach((line, index) => {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted) {
      if (!quote) fragment.append((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(inline(quoted[1], names));
      return;
    }
    if (index > 0 && !quote) fragment.append(h("br"));
    quote = null;
    fragment.append(inline(line, names));
  });
  return fragment;
}

function inline(text, names) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) fragment.append(unescape(text.slice(from, match.index)));
    fragment.append(rendered(match, names));
    from = match.index + match[0].length;
  }
  if (from < text.length) fragment.append(unescape(text.slice(from)));
  return fragment;
}

function rendered([, code, token, bold, italic, strike, short, address], names) {
  if (code !== undefined) return h("code", {}, plainInCode(code, names));
  if (token !== undefined) return angled(token, names);
  if (bold !== undefined) return h("strong", {}, inline(bold, names));
  if (italic !== undefined) return h("em", {}, inline(italic, names));
  if (strike !== undefined) return h("s", {}, inline(strike, names));
  if (short !== undefined) return document.createTextNode(emoji(short));
  return names.verbatim ? unescape(address) : link(unescape(address), unescape(address));
}

/** Return what `<token>` stands for. */
export function angled(token, names) {
  const [target, ...rest] = token.split("|");
  const label = unescape(rest.join("|"));
  if (target.startsWith("@")) return mention(`@${names.users?.get(target.slice(1))?.name || label || target.slice(1)}`);
  if (target.startsWith("#")) return mention(`#${names.channels?.get(target.slice(1))?.name || label || target.slice(1)}`);
  if (/^!(here|channel|everyone)/.test(target)) return mention(`@${target.slice(1).split("^")[0]}`, "is-broadcast");
  if (target.startsWith("!subteam^")) return mention(label || `@${target.slice(9)}`, "is-broadcast");
  if (target.startsWith("!")) return document.createTextNode(label || target);
  return link(unescape(target), label || unescape(target).replace(/^mailto:/, ""));
}

function mention(text, extra = "") {
  return h("span", { class: `mention ${extra}`.trim() }, text);
}

function plainInCode(text, names) {
  return unescape(text.replace(/<([^<>\n]+)>/g, (_, token) => angled(token, names).textContent));
}
