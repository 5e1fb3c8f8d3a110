// What happens underneath: events of turns, calls over the wire, budgets, the bot's life.

import { follow } from "./feed.js";
import { clock, h, holdScroll, icon, stickToEnd } from "./dom.js";
import * as api from "./api.js";

const KEPT = 300;
const SOON_MS = 400;
const SHOWN = 56;

export class Strip {
  constructor(root, world, { report }) {
    this.world = world;
    this.report = report;
    this.turns = h("ol", { class: "log", "aria-label": "Turn events", tabindex: 0 });
    this.wire = h("ol", { class: "log", "aria-label": "Calls over the wire", tabindex: 0 });
    this.lanes = h("div", { class: "lanes", "aria-label": "Lane budgets left" });
    this.last = h("span", { class: "strip-last" });
    this.tally = h("span", { class: "tally" });
    this.life = h("span", { class: "life", role: "status" }, h("i", {}), h("span", {}, "bot"));
    this.killer = h("button", { type: "button", class: "btn is-danger kill", onclick: () => this.kill() }, icon("bolt"), "kill -9 the bot");
    this.weather = h("select", { class: "weather", "aria-label": "How Slack and Teams behave", onchange: () => this.changeWeather() });
    this.toggle = h("button", { type: "button", class: "strip-toggle", "aria-expanded": "true", "aria-controls": "strip-body", onclick: () => this.fold() }, icon("chevron"), "Underneath");
    this.body = h("div", { class: "strip-body", id: "strip-body" },
      column("Turn events", "committed before anybody sees them", this.turns),
      column("On the wire", "webhooks to the bot, calls from the bot", this.wire),
      column("Lane budgets", "left before the platform says 429", this.lanes));
    root.append(h("div", { class: "strip-head" }, this.toggle, this.last, this.tally, this.life, this.weather, this.killer), this.body);
    this.root = root;
    this.counted = { before: { sent: 0, saved: 0, throttled: 0 }, last: { sent: 0, saved: 0, throttled: 0 } };
    this.fold(localStorage.getItem("strip") === "folded");
    this.drawPacing({});
    this.drawLife("unknown", "looking for the bot…");
    stickToEnd(this.turns);
    stickToEnd(this.wire);
    window.addEventListener("pagehide", () => this.memory?.save());
    world.on("loaded", () => this.start());
    world.on("weather", () => this.drawWeather());
    world.on("wire", (change) => this.hearWire(change));
  }

  fold(folded = !this.root.classList.contains("is-folded")) {
    this.root.classList.toggle("is-folded", folded);
    this.toggle.setAttribute("aria-expanded", String(!folded));
    localStorage.setItem("strip", folded ? "folded" : "open");
  }

  /** Follow the bot; after a reload, show again what was shown and go on from there. */
  start() {
    this.stop?.();
    this.drawWeather();
    const memory = (this.memory = new Memory(this.world.boot));
    this.turns.replaceChildren();
    this.line = null;
    this.turns.classList.add("is-quiet");
    setTimeout(() => this.turns.classList.remove("is-quiet"), 4 * SOON_MS);
    for (const [id, event] of memory.events) this.drawTurn(event, id);
    this.stop = follow("/demo/api/turns/feed", {
      after: () => memory.last,
      on: {
        turn: (event, id) => {
          if (!memory.keep(id, event)) return;
          this.drawTurn(event, id);
          this.last.replaceChildren(h("b", {}, event.type), ` ${event.summary ?? ""}`);
        },
        pacing: (pacing) => this.drawPacing(pacing),
        bot: ({ up }) => this.hearBot(up),
      },
    });
  }

  drawTurn(event) {
    if (this.joins(event)) return;
    const hue = [...String(event.turn_id)].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 8, 7);
    const seq = h("span", { class: "seq" }, event.seq);
    const what = h("span", { class: "what", title: event.summary }, event.summary ?? "");
    append(this.turns, h("li", { class: `kind-${String(event.type).split(".")[0]}` },
      h("span", { class: `turn hue-${hue}`, title: `turn ${event.turn_id}` }, String(event.turn_id).slice(0, 4)),
      seq, h("span", { class: "type" }, event.type), what));
    this.line = { event, seq, what, from: event.seq };
  }

  /** Text arrives word by word: show one line for a run of it. */
  joins(event) {
    const { line } = this;
    const runs = line && event.type === "item.appended" && line.event.type === event.type
      && line.event.turn_id === event.turn_id && line.event.seq + 1 === event.seq;
    if (!runs) return false;
    const text = `${line.event.summary ?? ""} ${event.summary ?? ""}`.slice(-SHOWN);
    line.event = { ...event, summary: text };
    line.seq.textContent = `${line.from}–${event.seq}`;
    line.what.textContent = text;
    return true;
  }

  hearWire({ kind, body, at }) {
    if (kind === "bot") return this.hearSupervisor(body, at);
    if (kind !== "api" && kind !== "delivery") return;
    const bad = body.ok === false || Boolean(body.error || body.fault) || body.status === null || body.status >= 400;
    if (!bad && kind === "delivery" && isEcho(body, this.world)) return;
    const slowDown = body.retry_after ? `wait ${body.retry_after} s` : "";
    const outcome = bad ? [body.error ?? body.reason ?? body.fault ?? body.status ?? "no answer", slowDown].filter(Boolean).join(", ") : body.status;
    const what = kind === "api" ? (body.operation ?? body.method) : (body.what ?? body.type);
    append(this.wire, h("li", { class: bad ? "is-bad" : "" },
      h("time", { class: "seq" }, exact(at)),
      h("span", { class: `arrow is-${kind}`, title: kind === "api" ? "a call from the bot" : "a webhook to the bot" }, kind === "api" ? "←" : "→"),
      h("span", { class: "type" }, body.platform),
      h("span", { class: "what", title: JSON.stringify(body) }, what, body.attempt > 1 && `, attempt ${body.attempt}`),
      h("span", { class: "outcome" }, String(outcome))));
  }

  drawPacing({ lanes = [], sent = 0, saved = 0, throttled = 0 }) {
    this.tally.replaceChildren(...this.total({ sent, saved, throttled }));
    if (!lanes.length) {
      this.lanes.replaceChildren(h("p", { class: "muted" }, "No lane used yet. Ask something."));
      return;
    }
    this.lanes.replaceChildren(...lanes.map((lane) => {
      const share = lane.capacity > 0 ? Math.max(0, Math.min(1, lane.left / lane.capacity)) : 0;
      const bar = h("div", { class: `bar${share < 0.2 ? " is-low" : ""}`, role: "meter", "aria-label": lane.key, "aria-valuemin": 0, "aria-valuemax": lane.capacity, "aria-valuenow": Math.floor(lane.left) }, h("i", {}));
      bar.firstChild.style.width = `${share * 100}%`;
      return h("div", { class: "lane" }, h("span", { class: "lane-key", title: lane.key }, this.lane(lane.key)), bar,
        h("span", { class: "lane-left" }, `${Math.floor(lane.left)}/${Math.floor(lane.capacity)}`));
    }));
  }

  /** The bot counts from nought again after it was killed; the page does not. */
  total(now) {
    const { before, last } = this.counted;
    const restarted = now.sent < last.sent;
    for (const name of Object.keys(now)) before[name] += restarted ? last[name] : 0;
    this.counted.last = now;
    const labels = { sent: "edits sent", saved: "saved", throttled: "throttled" };
    return Object.entries(labels).map(([name, label]) => count(before[name] + now[name], label));
  }

  /** Return a lane's key in words: whose chat, which channel, which method. */
  lane(key) {
    const { slack, teams, people } = this.world;
    const words = key.split("/").flatMap((part) => {
      const channel = slack?.channels.get(part);
      const chat = [...(teams?.users.values() ?? [])].find((user) => user.conversation === part);
      const owner = channel?.is_im && people.find((person) => channel.members.includes(person.slack));
      if (part === slack?.team.id) return [];
      if (part === teams?.tenant.id) return ["tenant"];
      if (channel) return [owner ? `DM ${owner.name}` : `#${channel.name}`];
      return [chat ? `chat ${chat.name}` : part];
    });
    return (words.length > 2 ? words.filter((word) => word !== "tenant") : words).join(" ");
  }

  drawWeather() {
    const { now, choices } = this.world.weather;
    const face = (name, said) => h("option", { value: name, selected: name === (now ?? ""), title: said }, name ? `a ${name} day` : "no latency");
    this.weather.replaceChildren(...(now ? [] : [face("", "calls go at once, and well")]), ...choices.map(({ name, said }) => face(name, said)));
  }

  async changeWeather() {
    try {
      if (this.weather.value) await api.weather(this.weather.value);
    } catch (error) {
      this.report(error.message);
    }
  }

  async kill() {
    this.killer.disabled = true;
    try {
      await api.kill();
    } catch (error) {
      this.report(error.message);
    }
    setTimeout(() => (this.killer.disabled = false), SOON_MS);
  }

  /** The supervisor speaks: `killed`, `started`, `ready` … */
  hearSupervisor({ status, pid }, at) {
    append(this.turns, h("li", { class: "kind-bot" }, h("span", { class: "turn" }, "bot"), h("span", { class: "seq" }, ""),
      h("span", { class: "type" }, status), h("span", { class: "what" }, `${exact(at)}${pid ? `, process ${pid}` : ""}`)));
    if (status === "killed") {
      this.killedAt = performance.now();
      this.drawLife("down", "killed. The supervisor starts it again…");
    }
  }

  hearBot(up) {
    if (!up) {
      if (!this.killedAt) this.drawLife("down", "bot is away");
      return;
    }
    if (!this.killedAt) return this.drawLife("up", "bot runs");
    const seconds = ((performance.now() - this.killedAt) / 1000).toFixed(1);
    this.killedAt = 0;
    this.drawLife("back", `back after ${seconds} s, turns picked up`);
    setTimeout(() => this.life.classList.contains("is-back") && this.drawLife("up", "bot runs"), 6000);
  }

  drawLife(state, text) {
    this.life.className = `life is-${state}`;
    this.life.lastChild.textContent = text;
  }
}

/** The events shown so far, kept over a reload of the page. */
class Memory {
  constructor(boot) {
    this.key = `turns-${boot}`;
    this.events = JSON.parse(sessionStorage.getItem(this.key) ?? "[]");
    this.known = new Set(this.events.map(([, event]) => mark(event)));
  }

  get last() {
    return this.events.findLast(([id]) => id)?.[0] ?? "";
  }

  /** Remember the event; false when it was known. */
  keep(id, event) {
    if (this.known.has(mark(event))) return false;
    this.known.add(mark(event));
    this.events = [...this.events, [id, event]].slice(-KEPT);
    return true;
  }

  save() {
    sessionStorage.setItem(this.key, JSON.stringify(this.events));
  }
}

/** Slack tells the bot of its own posts and edits, too: true, and of no interest here. */
function isEcho(body, world) {
  return /^message_(changed|deleted)$/.test(body.subtype ?? "") || body.user === world.slack.bot.user_id;
}

const mark = (event) => `${event.turn_id}/${event.seq}`;

function append(list, line) {
  holdScroll(list, () => {
    list.append(line);
    while (list.children.length > KEPT) list.firstChild.remove();
  });
}

function column(title, note, content) {
  return h("section", { class: "strip-col" }, h("h3", {}, title, h("span", { class: "muted" }, note)), content);
}

function count(number, what) {
  return h("span", {}, h("b", {}, Math.round(number)), ` ${what}`);
}

function exact(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : `${clock(date)}:${String(date.getSeconds()).padStart(2, "0")}`;
}
