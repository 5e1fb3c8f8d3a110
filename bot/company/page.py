"""Markdown files that begin with a head: articles, and agents. Pure."""

from typing import Any

from bot.company.model import AgentEntry

_LISTS = frozenset({"tools"})
"""Keys whose value is a list of names with commas between them."""


def parted(text: str) -> tuple[dict[str, str], str]:
    """Return the head between two lines of ``---`` and the body below it."""
    head: dict[str, str] = {}
    if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
        for line in text[4:end].splitlines():
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


def agent_entry(text: str) -> AgentEntry:
    """Return the agent that a file declares.

    Raises:
        pydantic.ValidationError: Its head has a key that means nothing, or a wrong one.
    """
    return AgentEntry.model_validate(agent_document(text))
