"""Markdown files that begin with a head: articles, and agents. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.company.model import AgentEntry

_LISTS = frozenset({"tools", "hands_to"})
"""Keys whose value is a list of names with commas between them."""


def parted(text: str) -> tuple[dict[str, str], str]:
    """Return the head between two lines of ``---`` and the body below it."""
    head: dict[str, str] = {}
    if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
        for line in filter(str.strip, text[4:end].splitlines()):
            key, _, value = line.partition(":")
            head[key.strip()] = value.strip()
        text = text[end + 5 :]
    return head, text.strip()


def agent_document(text: str) -> dict[str, Any]:
    """Return what a file declares an agent to be, as in the company file."""
    head, prompt = parted(text)
    document: dict[str, Any] = {**head, "prompt": prompt}
    for key in _LISTS & document.keys():
        document[key] = [name for n in head[key].split(",") if (name := n.strip())]
    return document


def lines_of(text: str) -> Mapping[str, int]:
    """Return on which line each key of the head is, and ``prompt``; 1 for the rest."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if number > 1 and line == "---":
            found["prompt"] = number + 1
            break
        if number > 1:
            found.setdefault(line.partition(":")[0].strip(), number)
    return found if is_headed(text) else {}


def is_headed(text: str) -> bool:
    """Return whether the text begins with a head, from ``---`` to ``---``."""
    return text.startswith("---\n") and "\n---\n" in text[3:]


def agent_entry(text: str) -> AgentEntry:
    """Return the agent that a file declares.

    Raises:
        pydantic.ValidationError: Its head has a key that means nothing, or a wrong one.
    """
    return AgentEntry.model_validate(agent_document(text))


def problems_of_agent(text: str, name: str) -> list[str]:
    """Return what is wrong with an agent's file called ``name``, each with its line."""
    if text.startswith("---\n") and not is_headed(text):
        return [f"{name}, line 1: the head has no end; close it with a line of ---"]
    lines = lines_of(text)
    try:
        agent_entry(text)
    except ValidationError as error:
        return [
            f"{name}, line {lines.get(key, 1)}: {key}: {_problem(key, problem['msg'])}"
            for problem in error.errors()
            for key in [str(problem["loc"][0])]
        ]
    return []


def _problem(key: str, said: str) -> str:
    if key in AgentEntry.model_fields:
        return said
    known = ", ".join(k for k in AgentEntry.model_fields if k != "prompt")
    return f"there is no such key; there are {known}"
