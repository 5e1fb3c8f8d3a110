"""An answer made of an article's own sentences. Pure."""

import re
from collections.abc import Sequence
from itertools import pairwise

from pydantic import JsonValue

from agents.language import content_words, stem, stems

_SHORT = 110
"""Words up to which an article is quoted whole."""
_MAX_BLOCKS = 4
_ENOUGH = 0.5
"""Share of the question's words that an article must have to be about it."""


def answer_from(articles: Sequence[JsonValue], query: str) -> str:
    """Return what the best of ``articles`` says, with its name; "" if none fits."""
    wanted = {stem(word) for word in content_words(query)}
    scored = [
        (_fit(article, wanted), article)
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
    quote = _quote(_text(best, "text"), wanted)
    return f"{quote}\n\nFrom the article *{title}*{kept_by}{updated}."


def _text(article: dict[str, JsonValue], key: str) -> str:
    value = article.get(key)
    return value if isinstance(value, str) else ""


def _fit(article: dict[str, JsonValue], wanted: set[str]) -> float:
    title = set(_stems(_text(article, "title")))
    body = set(_stems(_text(article, "text")))
    if not wanted:
        return 0.0
    share = len(wanted & (title | body)) / len(wanted)
    in_title = len(wanted & title) / len(wanted)
    return share + in_title if share >= _ENOUGH or in_title >= _ENOUGH else 0.0


def _stems(text: str) -> list[str]:
    """Return the stems of ``text``, and of neighbours written together ("wi-fi")."""
    single = list(stems(text))
    joined = [stem(a + b) for a, b in pairwise(single)]
    return single + joined


def _quote(body: str, wanted: set[str]) -> str:
    lines = [line for line in body.strip().splitlines() if not line.startswith("# ")]
    text = "\n".join(lines).strip()
    if len(text.split()) <= _SHORT:
        return text
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    scores = [len(wanted & set(_stems(block))) for block in blocks]
    ranked = sorted(range(len(blocks)), key=lambda i: (-scores[i], i))
    kept = sorted(i for i in ranked[:_MAX_BLOCKS] if scores[i] > 0) or [0]
    return "\n\n".join(blocks[i] for i in kept)
