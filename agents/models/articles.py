"""An answer made of an article's own sentences. Pure."""

import re
from collections.abc import Sequence

from pydantic import JsonValue

from agents.relevance import fit, stems_of, wanted_stems

_SHORT = 110
"""Words up to which an article is quoted whole."""
_MAX_BLOCKS = 4


def answer_from(articles: Sequence[JsonValue], query: str) -> str:
    """Return what the best of ``articles`` says, with its name; "" if none fits."""
    scored = [
        (fit(_text(article, "title"), _text(article, "text"), query), article)
        for article in articles
        if isinstance(article, dict)
    ]
    fitting = [(score, article) for score, article in scored if score > 0]
    if not fitting:
        return ""
    best = max(fitting, key=lambda pair: pair[0])[1]
    title, owner = _text(best, "title"), _text(best, "owner")
    kept_by = f", kept by {owner}" if owner else ""
    updated = f", updated {day}" if (day := _text(best, "updated")) else ""
    quote = _quote(_text(best, "text"), wanted_stems(query))
    return f"{quote}\n\nFrom the article *{title}*{kept_by}{updated}."


def _text(article: dict[str, JsonValue], key: str) -> str:
    value = article.get(key)
    return value if isinstance(value, str) else ""


def _quote(body: str, wanted: set[str]) -> str:
    lines = [line for line in body.strip().splitlines() if not line.startswith("# ")]
    text = "\n".join(lines).strip()
    if len(text.split()) <= _SHORT:
        return text
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    scores = [len(wanted & stems_of(block)) for block in blocks]
    ranked = sorted(range(len(blocks)), key=lambda i: (-scores[i], i))
    kept = sorted(i for i in ranked[:_MAX_BLOCKS] if scores[i] > 0) or [0]
    return "\n\n".join(blocks[i] for i in kept)
