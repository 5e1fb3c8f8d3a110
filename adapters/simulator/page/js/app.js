// Puts the page together.

import * as api from "./api.js";
import { Announcer } from "./announcer.js";
import { installMarkdown } from "./cards.js";
import { Cast } from "./cast.js";
import { h, icon } from "./dom.js";
import { follow } from "./feed.js";
import { Knocks } from "./knocks.js";
import { SlackPane } from "./slack_pane.js";
import { Strip } from "./strip.js";
import { TeamsPane } from "./teams_pane.js";
import { World } from "./world.js";

const at = (id) => document.getElementById(id);
const TOAST_MS = 6000;

installMarkdown();
const world = new World();
const panes = {
  slack: new SlackPane(at("slack"), world, { report }),
  teams: new TeamsPane(at("teams"), world, { report }),
};
const cast = new Cast(at("cast"), world, {
  became: (side, person) => {
    if (person) panes[side].become(person[side]);
    knocks.draw();
  },
});
const knocks = new Knocks({ slack: at("slack-knocks"), teams: at("teams-knocks") }, world, cast, { visit: showTab });
new Announcer(at("announcements"), world, cast);
new Strip(at("strip"), world, { report });
let stopFollowing = () => {};

world.on("loaded", () => {
  at("company").textContent = world.company.name;
  document.title = `Deskhand demo: ${world.company.name}`;
  cast.chosen = { slack: "", teams: "" };
  cast.load();
  drawSuggestions();
});

async function start() {
  stopFollowing();
  try {
    world.load(await api.state());
  } catch (error) {
    connection(false);
    setTimeout(start, 1000);
    console.warn(error);
    return;
  }
  stopFollowing = follow("/demo/api/feed", {
    after: () => world.seq,
    query: { boot: world.boot },
    on: { message: (change) => world.apply(change), reset: start },
    status: connection,
  });
}

function connection(live) {
  const shown = at("connection");
  shown.className = live ? "is-live" : "is-lost";
  shown.lastElementChild.textContent = live ? "Live" : "Reconnecting…";
}

function drawSuggestions() {
  at("tries").replaceChildren(...world.suggestions.map((suggestion) => {
    const person = world.person(suggestion.person);
    const face = h("button", { type: "button", class: `try is-${suggestion.platform}`, title: suggestion.hint, onclick: () => ask(suggestion, face) },
      h("span", { class: "try-who" }, `${person?.name.split(" ")[0]} in ${suggestion.platform === "slack" ? "Slack" : "Teams"}`),
      h("span", { class: "try-text" }, suggestion.text),
      h("span", { class: "try-hint" }, suggestion.hint));
    return face;
  }));
}

async function ask(suggestion, face) {
  face.classList.add("is-asked");
  cast.cue(suggestion.person, suggestion.platform);
  showTab(suggestion.platform);
  await panes[suggestion.platform].ask(suggestion);
}

function report(text, kind = "") {
  const toast = h("div", { class: `toast ${kind}` }, h("span", {}, text),
    h("button", { type: "button", class: "icon-btn", "aria-label": "Dismiss", onclick: () => toast.remove() }, icon("close")));
  at("toasts").replaceChildren(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

function showTab(name) {
  document.body.dataset.tab = name;
  for (const tab of document.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => showTab(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...document.querySelectorAll("[role=tab]")];
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}
for (const scroller of document.querySelectorAll("[data-scroll]")) {
  scroller.addEventListener("click", () => at("tries").scrollBy({ left: Number(scroller.dataset.scroll), behavior: "smooth" }));
}
showTab("slack");
start();
