// Who you are on each side, and the scenes that set both at once.

import { h } from "./dom.js";

export class Cast {
  constructor(root, world, { became }) {
    this.world = world;
    this.became = became;
    this.chosen = { slack: "", teams: "" };
    this.pickers = { slack: this.picker("slack", "in Slack"), teams: this.picker("teams", "in Teams") };
    this.scene = h("select", { class: "picker-select", "aria-label": "Scene", onchange: () => this.play(Number(this.scene.value)) });
    root.append(
      h("label", { class: "picker is-scene" }, h("span", { class: "picker-label" }, "Scene"), this.scene),
      this.pickers.slack.label, this.pickers.teams.label);
  }

  picker(side, where) {
    const select = h("select", { class: "picker-select", "aria-label": `You ${where}`, onchange: () => this.choose(side, select.value) });
    return { select, label: h("label", { class: `picker is-${side}` }, h("span", { class: "picker-label" }, `You ${where}`), select) };
  }

  /** Fill the pickers; keep who was chosen, else start with the first scene. */
  load() {
    const { people, scenes } = this.world;
    for (const side of ["slack", "teams"]) {
      this.pickers[side].select.replaceChildren(...people.filter((p) => p[side]).map((p) => h("option", { value: p.id }, `${p.name}, ${p.title}`)));
    }
    this.scene.replaceChildren(
      h("option", { value: -1 }, "Your own"),
      ...scenes.map((scene, index) => h("option", { value: index }, this.describe(scene))));
    const kept = JSON.parse(sessionStorage.getItem("cast") ?? "null");
    const first = scenes[0] ?? { slack: people.find((p) => p.slack)?.id, teams: people.find((p) => p.teams)?.id };
    const usable = kept && ["slack", "teams"].every((side) => this.world.person(kept[side])?.[side]);
    this.set(usable ? kept : { slack: first.slack, teams: first.teams });
  }

  describe(scene) {
    const first = (id) => this.world.person(id)?.name.split(" ")[0];
    const [asks, decides] = scene.asks === "slack" ? [scene.slack, scene.teams] : [scene.teams, scene.slack];
    const [here, there] = scene.asks === "slack" ? ["Slack", "Teams"] : ["Teams", "Slack"];
    return `${first(asks)} (${here}) asks ${first(decides)} (${there})`;
  }

  play(index) {
    const scene = this.world.scenes[index];
    if (scene) this.set({ slack: scene.slack, teams: scene.teams });
  }

  choose(side, id) {
    this.set({ ...this.chosen, [side]: id });
  }

  /** Be the one who asks, with the manager on the other side if that is where they are reached. */
  cue(personId, platform) {
    const other = platform === "slack" ? "teams" : "slack";
    const scene = this.world.scenes.find((s) => s.asks === platform && s[platform] === personId);
    this.set({ ...this.chosen, [platform]: personId, ...(scene ? { [other]: scene[other] } : {}) });
  }

  set(chosen) {
    const before = this.chosen;
    this.chosen = chosen;
    sessionStorage.setItem("cast", JSON.stringify(chosen));
    for (const side of ["slack", "teams"]) {
      this.pickers[side].select.value = chosen[side] ?? "";
      if (before[side] !== chosen[side]) this.became(side, this.world.person(chosen[side]));
    }
    this.scene.value = String(this.world.scenes.findIndex((s) => s.slack === chosen.slack && s.teams === chosen.teams));
  }
}
