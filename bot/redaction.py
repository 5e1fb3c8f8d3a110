"""Take secrets out of text: of what tools return, and of what is logged. Pure.

A secret that reaches the log of a turn is in a database, in a chat and in a model's
context. So what looks like one is replaced before any of that. Known forms are found
wherever they stand; a plain password only behind a word such as ``password``, where it
does not look like prose. What has neither form nor such a word is not found.
"""

import re
from collections.abc import Callable
from typing import cast

from pydantic import JsonValue

HIDDEN = "[redacted]"
_DEEPEST = 40
"""Levels of JSON that are looked into; what is deeper is dropped."""

_KNOWN = re.compile(
    r"""
    -----BEGIN\ [A-Z0-9\ ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----
        .*?(?:-----END\ [A-Z0-9\ ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | (?<![\w.-])eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){1,3}                     # JWT, JWE
    | (?<![A-Za-z0-9])(?:
          xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,} | xapp-[A-Za-z0-9-]{8,}    # Slack
        | gh[oprsu]_[A-Za-z0-9]{16,} | github_pat_\w{16,}                     # GitHub
        | gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat)-[\w-]{16,}                # GitLab
        | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])                  # AWS
        | sk-[A-Za-z0-9_-]{16,}                               # Anthropic and the like
        | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,} | whsec_[A-Za-z0-9+/=]{16,}
        | AIza[\w-]{35} | ya29\.[\w-]{16,} | GOCSPX-[\w-]{16,}                # Google
        | npm_[A-Za-z0-9]{30,} | pypi-AgE[\w-]{16,} | hf_[A-Za-z0-9]{20,}
        | SG\.[\w-]{16,}\.[\w-]{16,} | dop_v1_[a-f0-9]{32,} | shp(?:at|ca|ss)_[a-f0-9]{32}
        | (?:AGE-SECRET-KEY-1[A-Z0-9]{20,}) | hv[sb]\.[\w-]{20,}
    )
    | (?<=hooks\.slack\.com/services/)[\w/]{8,}
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_ADDRESS = re.compile(
    r"(?P<before>\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/?#@\"'<>]{0,100}:)"
    r"(?P<secret>[^\s/?#\"'<>]{1,200})(?=@)"
)
"""``scheme://user:password@host``."""
_IN_HEADER = re.compile(
    r"(?P<before>\b(?:bearer|basic)\s{1,4})(?P<secret>[A-Za-z0-9._~+/=-]{12,})",
    re.IGNORECASE,
)
_WORD = (
    r"pass(?:word|wd|phrase|code)?|pwd|passwort|kennwort|contrase(?:ñ|n)a|secret|token"
    r"|credentials?|api[ _-]?key|access[ _-]?key|account[ _-]?key|private[ _-]?key"
    r"|secret[ _-]?key|signing[ _-]?key|shared[ _-]?access[ _-]?(?:key|signature)"
)
_ASSIGNED = re.compile(
    rf"(?P<before>(?:{_WORD})[\"']?(?:(?P<said>\s{{0,4}}:\s{{0,4}}|\s+(?:is|ist|es)\s+)"
    r"|\s{0,4}=>?\s{0,4}))(?P<secret>\"[^\"\n]{1,300}\"|'[^'\n]{1,300}'|[^\s,;\"'<>&]{1,300})",
    re.IGNORECASE,
)
_SECRET_KEY = re.compile(rf"(?:^|[._ -])(?:{_WORD})$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HINTS = ("pass", "pwd", "kennwort", "contrase", "secret", "token", "credential", "key")
"""One of them is in each of `_WORD`; looking for them takes next to no time."""
_SHORTEST = 6
_TRAILING = ".,;:!?)]}"


def redacted(text: str) -> str:
    """Return ``text`` with `HIDDEN` for what looks like a secret."""
    text = _KNOWN.sub(HIDDEN, text)
    if "://" in text:
        text = _IN_ADDRESS.sub(_behind, text)
    lower = text.lower()
    if "bearer" in lower or "basic" in lower:
        text = _IN_HEADER.sub(_behind, text)
    if any(hint in lower for hint in _HINTS):
        text = _ASSIGNED.sub(_assigned, text)
    return text


def redacted_json(value: JsonValue) -> JsonValue:
    """Return ``value`` with every text redacted, and what stands under a secret's name."""
    return cast("JsonValue", _walked(value, redacted, 0))


def redacted_entry(name: str, value: object) -> object:
    """Return what may be logged of ``value`` under ``name``; numbers are kept."""
    return HIDDEN if _is_secret(name, value) else _walked(value, redacted, 0)


def _walked(value: object, clean: Callable[[str], str], depth: int) -> object:
    if isinstance(value, str):
        return clean(value)
    if depth > _DEEPEST:
        return HIDDEN if isinstance(value, dict | list | tuple) else value
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        return {
            clean(key) if isinstance(key, str) else key: (
                HIDDEN
                if isinstance(key, str) and _is_secret(key, inner)
                else _walked(inner, clean, depth + 1)
            )
            for key, inner in entries.items()
        }
    if isinstance(value, list | tuple):
        many = cast("list[object] | tuple[object, ...]", value)
        walked = [_walked(inner, clean, depth + 1) for inner in many]
        return walked if isinstance(value, list) else tuple(walked)
    return value


def _is_secret(key: str, value: object) -> bool:
    """Return whether ``value`` is a text that its name calls a secret."""
    if not isinstance(value, str) or not value.strip() or " " in value.strip():
        return False
    return bool(_SECRET_KEY.search(_HUMP.sub("_", key)))


def _behind(found: re.Match[str]) -> str:
    return found[0] if found["secret"] == HIDDEN else f"{found['before']}{HIDDEN}"


def _assigned(found: re.Match[str]) -> str:
    """Hide an assigned value; behind a colon or "is", only what is no word."""
    whole = found["secret"]
    bare = whole.strip("\"'")
    if bare.startswith(HIDDEN) or whole.startswith(HIDDEN[:-1]):
        return found[0]
    by_machine = found["before"].rstrip(": \t\n")[-1:] in {'"', "'"}
    if found["said"] is not None and not by_machine:
        bare = bare.rstrip(_TRAILING)
        if " " in bare or not _is_mixed(bare):
            return found[0]
    elif not bare.strip():
        return found[0]
    end = whole[len(whole.rstrip(_TRAILING)) :] if whole == whole.strip("\"'") else ""
    return f"{found['before']}{HIDDEN}{end}"


def _is_mixed(value: str) -> bool:
    """Return whether ``value`` looks made up: digits or signs are in it."""
    if len(value) < _SHORTEST or not any(map(str.isalnum, value)):
        return False
    return any(c.isdigit() or c in "!$%^*#+=~|" for c in value)
