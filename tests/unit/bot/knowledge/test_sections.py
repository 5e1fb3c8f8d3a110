"""Articles come apart at their headings, and nothing of them is lost."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.sections import LONGEST_SECTION, name_of, sections_of


def paths(title: str, body: str) -> list[tuple[tuple[str, ...], str]]:
    return [(s.headings, s.text) for s in sections_of(title, body)]


def test_a_section_keeps_the_path_of_headings_above_it() -> None:
    body = """Before.

# VPN

About it.

## Setting up

### *Macs*

Mac.

### PCs

PC.

## Trouble
Setext too
==========
Last.
"""
    assert paths("VPN", body) == [
        ((), "Before."),
        ((), "About it."),
        (("Setting up", "Macs"), "Mac."),
        (("Setting up", "PCs"), "PC."),
        (("Setext too",), "Last."),
    ]
    assert name_of("VPN", ("Setting up", "PCs")).split() == [
        *("VPN", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", "Setting", "up"),
        *("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", "PCs"),
    ]


def test_what_looks_like_a_heading_in_code_is_none() -> None:
    body = "## Install\n\n```\n# apt install\n## vpn\n```\n\n    # indented\n"
    [(headings, text)] = paths("VPN", body)
    assert headings == ("Install",)
    assert "## vpn" in text
    assert "# indented" in text


def test_a_long_section_goes_on_under_the_same_path() -> None:
    paragraphs = [f"{n} " + "word " * 120 for n in range(6)]
    found = sections_of("T", "## Long\n\n" + "\n\n".join(paragraphs))
    assert len(found) > 1
    assert {s.headings for s in found} == {("Long",)}
    assert all(len(s.text) <= LONGEST_SECTION for s in found)


def test_an_empty_article_has_no_section() -> None:
    for body in ("", "\n\n", "# T", "## One\n\n## Two"):
        assert sections_of("T", body) == ()


@given(st.lists(st.text("ab`*\n >1.\t", max_size=60), max_size=8), st.integers(1, 900))
def test_no_word_is_lost_and_no_section_is_too_long(
    parts: list[str], times: int
) -> None:
    body = "\n\n".join(parts) + "\n\nend " * times
    found = sections_of("T", body)
    assert all(0 < len(s.text) <= LONGEST_SECTION for s in found)
    kept = "\n".join(section.text for section in found)
    assert re.findall("[a-z]+", kept) == re.findall("[a-z]+", body)
