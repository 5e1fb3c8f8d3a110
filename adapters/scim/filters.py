"""SCIM filters, as far as identity providers use them to find what they pushed. Pure.

Comparisons with ``eq``, joined by ``and``, with a filter in brackets where an attribute
has several values: ``emails[type eq "work"].value eq "ana@x.example"``. There is no
nesting in that, and so nothing that takes a pattern or a stack long to read. Source:
https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.2
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from adapters.scim.failures import bad

LONGEST = 1_000
"""Characters of a filter."""

_TERM = re.compile(
    r"""\s*(?P<attribute>[A-Za-z$][\w$:.-]*)
    (?P<brackets>\[(?P<inner>(?:[^\]"]|"(?:[^"\\]|\\.)*")*)\](?:\.(?P<sub>[\w$]+))?)?
    (?:\s+(?i:eq)\s+(?P<value>"(?:[^"\\]|\\.)*"|(?i:true|false)|-?\d+))?\s*""",
    re.VERBOSE,
)
_AND = re.compile(r"(?i:and)\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison: all of them have to hold."""

    attribute: str
    """In small letters, with its sub-attribute after a dot."""
    value: str | None
    """``true`` and ``false`` for those; ``None``: it must be there."""
    within: tuple["Term", ...] = ()
    """What must hold of the same value of an attribute with several."""


def terms_of(text: str) -> tuple[Term, ...]:
    """Return the comparisons that a filter consists of.

    Raises:
        Refusal: It is none, or one that is not understood here.
    """
    if len(text) > LONGEST:
        raise bad(f"A filter has {LONGEST} characters at most.", "invalidFilter")
    terms: list[Term] = []
    at = 0
    while True:
        match = _TERM.match(text, at)
        if match is None or (match["value"] is None and match["brackets"] is None):
            raise _unknown(text)
        terms.append(_term(match))
        at = match.end()
        if at == len(text):
            return tuple(terms)
        joint = _AND.match(text, at)
        if joint is None:
            raise _unknown(text)
        at = joint.end()


def fits(terms: tuple[Term, ...], value: Mapping[str, JsonValue]) -> bool:
    """Return whether one of an attribute's several values passes a filter."""
    by_name = {name.lower(): given for name, given in value.items()}
    return all(
        _same(by_name.get(term.attribute), term.value)
        for term in terms
        if term.value is not None
    )


def _term(match: re.Match[str]) -> Term:
    attribute = match["attribute"].lower()
    if match["sub"]:
        attribute = f"{attribute}.{match['sub'].lower()}"
    within = terms_of(match["inner"]) if match["brackets"] else ()
    return Term(attribute=attribute, value=_value(match["value"]), within=within)


def _value(text: str | None) -> str | None:
    if text is None or not text.startswith('"'):
        return text.lower() if text else None
    try:
        return str(json.loads(text, strict=False))
    except ValueError as error:
        raise _unknown(text) from error


def _same(given: JsonValue, wanted: str | None) -> bool:
    if isinstance(given, bool):
        return str(given).lower() == wanted
    return isinstance(given, str) and given.lower() == (wanted or "").lower()


def _unknown(text: str) -> Exception:
    return bad(
        f"The filter {text[:200]!r} is not understood here; write comparisons with eq, "
        "joined by and.",
        "invalidFilter",
    )
