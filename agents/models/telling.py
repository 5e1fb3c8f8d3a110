"""What is said of a tool that is not ours: what it needs, and what it answered. Pure."""

import json

from pydantic import JsonValue

from agents.models import phrases
from agents.models.acts import Use
from agents.models.draft import Scene
from agents.models.transcript import Done
from agents.models.typed import properties_of

_MOST_SHOWN = 1_500


def is_skill(scene: Scene, tool: str) -> bool:
    """Return whether a tool is the company's own or a server's."""
    words = scene.vocabulary
    return words.skill(tool) is not None or tool in {s.tool for s in words.sayings}


def needed_by(scene: Scene, act: Use) -> str:
    """Ask for what a tool needs and was not told; empty if that is nothing."""
    skill = scene.vocabulary.skill(act.tool)
    if not act.missing or skill is None:
        return ""
    takes = properties_of(skill.schema)
    needed: list[str] = []
    for name in act.missing:
        said = takes.get(name, {})
        words = f"the {name.replace('_', ' ')}"
        if isinstance(said.get("description"), str):
            words += f" ({said['description'].rstrip('. ')})"
        if values := [v for v in said.get("enum", ()) if isinstance(v, str)]:
            words += f": {phrases.listed(values, 'or')}"
        needed.append(words)
    return phrases.one_more_thing(act.shown, needed)


def said_by(scene: Scene, done: Done) -> str:
    """Return what a tool answered, in its own words or as a list of what it found."""
    if done.sentence:
        return done.sentence
    skill = scene.vocabulary.skill(done.name)
    shown = skill.shown if skill else done.name
    said = _flat(done.answer.content)
    said = said if len(said) <= _MOST_SHOWN else f"{said[: _MOST_SHOWN - 1]}…"
    return f"{shown} answered: {said}" if said else f"{shown} answered nothing."


def _flat(value: JsonValue) -> str:
    match value:
        case dict():
            said = ((k, _flat(v)) for k, v in value.items() if k != "status")
            return ", ".join(f"{k.replace('_', ' ')}: {v}" for k, v in said if v)
        case list():
            return "; ".join(_flat(entry) for entry in value)
        case bool():
            return "yes" if value else "no"
        case None:
            return ""
        case str():
            return value.strip()
        case _:
            return json.dumps(value)
