// CommonMark through markdown-it, raw HTML off. The one place where markup made
// elsewhere enters the page, and markdown-it has escaped all text in it.

import MarkdownIt from "../vendor/markdown-it.esm.min.js";
import { angled } from "./mrkdwn.js";

const forLinks = (md) => {
  md.renderer.rules.link_open = (tokens, index, options, _env, self) => {
    tokens[index].attrSet("target", "_blank");
    tokens[index].attrSet("rel", "noreferrer noopener");
    return self.renderToken(tokens, index, options);
  };
  // Pictures would be fetched from elsewhere: show where they are instead.
  md.renderer.rules.image = (tokens, index) => md.utils.escapeHtml(`[${tokens[index].content || "picture"}]`);
  return md;
};

const commonmark = forLinks(new MarkdownIt({ html: false, linkify: true, breaks: true }));
const slackish = forLinks(new MarkdownIt({ html: false, linkify: true, breaks: true }));

// Slack reads <@U…>, <#C…>, <!here> and <https://…|label> inside markdown, too.
slackish.inline.ruler.before("autolink", "slack_token", (state, silent) => {
  const match = /^<((?:[@#!]|https?:\/\/[^<>|\s]+\|)[^<>\n]+)>/.exec(state.src.slice(state.pos, state.pos + 2000));
  if (!match) return false;
  if (!silent) state.push("slack_token", "", 0).content = match[1];
  state.pos += match[0].length;
  return true;
});
slackish.renderer.rules.slack_token = (tokens, index, _options, env) => {
  const shell = document.createElement("span");
  shell.append(angled(tokens[index].content, env.names ?? {}));
  return shell.innerHTML; // serialised from elements: escaped by the browser
};

/** Return `text` as markup, for libraries that want a string. */
export function markdownMarkup(text) {
  return commonmark.render(text);
}

/** Return `text` as elements. With `names`, Slack's tokens are read as Slack does. */
export function markdown(text, names) {
  const template = document.createElement("template");
  template.innerHTML = names ? slackish.render(text, { names }) : commonmark.render(text);
  return template.content;
}
