"""An answer made of an article's own sentences. Pure."""

import re

from pydantic import JsonValue

from agents.glossary import ask_of, glossary_with
from agents.models import phrases
from agents.models.draft import Scene
from agents.models.transcript import Done
from agents.quotes import matches

_SHORT = 110
"""Words up to which a section is quoted whole."""
_MAX_BLOCKS = 4


def answer_from(done: Done) -> str:
    """Return what the found sections say, with the article's name; "" without any.

    The tool gives what answers, best first, and says how many answer together.
    """
    given, together = done.value("articles"), done.value("answers")
    found = [e for e in given if isinstance(e, dict)] if isinstance(given, list) else []
    if not found or not isinstance(together, int):
        return ""
    best = found[0]
    title, owner = _text(best, "title"), _text(best, "owner")
    kept_by = f", kept by {owner}" if owner else ""
    updated = f", updated {day}" if (day := _text(best, "updated")) else ""
    whole = "\n\n".join(_text(entry, "text") for entry in found[:together])
    quote = _quote(whole, done.argument("query"))
    return f"{quote}\n\nFrom the article *{title}*{kept_by}{updated}."


def nothing_found(scene: Scene, done: Done) -> str:
    """Say that nobody knows here, and who might."""
    closest = done.value("closest")
    known = closest if isinstance(closest, dict) else {}
    return phrases.nothing_found(
        scene.vocabulary,
        done.argument("query"),
        closest=_text(known, "title"),
        owner=_text(known, "owner"),
    )


def _text(article: dict[str, JsonValue], key: str) -> str:
    value = article.get(key)
    return value if isinstance(value, str) else ""


def _quote(text: str, query: str) -> str:
    if len(text.split()) <= _SHORT:
        return text
    ask = ask_of(query, glossary_with())
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    scores = [matches(block, ask) for block in blocks]
    ranked = sorted(range(len(blocks)), key=lambda i: (-scores[i], i))
    kept = sorted(i for i in ranked[:_MAX_BLOCKS] if scores[i] > 0) or [0]
    return "\n\n".join(blocks[i] for i in kept)
