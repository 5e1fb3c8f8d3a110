import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.teams.markdown import clean, elements_of, escape

READER = MarkdownIt("commonmark", {"html": True})
"""Reads card Markdown as Teams' desktop client does, and is stricter: HTML is on."""


def shown(markdown: str) -> str:
    """Return the plain text that a reader of ``markdown`` sees."""
    lines: list[str] = []
    for token in READER.parse(markdown):
        assert token.type in {"paragraph_open", "paragraph_close", "inline"}, token.type
        for part in token.children or ():
            assert part.type in {"text", "softbreak"}, part.type
            lines.append("\n" if part.type == "softbreak" else part.content)
    return "".join(lines)


MARKS = st.text(alphabet="ab1 *_`[]()<>!#-+.~|\\&;:/{}=\n", max_size=20)


def words(text: str) -> str:
    return " ".join(text.replace("\u200b", "").split())


@given(MARKS | st.text(max_size=20))
def test_escaped_text_is_shown_as_it_was_written(text: str) -> None:
    flat = " ".join(clean(text).split())
    assert words(shown(escape(flat))) == words(flat)


@given(MARKS)
def test_escaped_lines_stay_lines_of_prose(text: str) -> None:
    prose = "\n".join(line.strip() for line in clean(text).splitlines() if line.strip())
    assert words(shown(escape(prose))) == words(prose)


@pytest.mark.parametrize(
    "text",
    [
        "<at>everyone</at>",
        "<AT id='0'>x</AT>",
        "&lt;at&gt;x&lt;/at&gt;",
        "<\x00at>x",
        "<\u202eat>x",
        "`<at>x</at>`",
        "```\n<at>x</at>\n```",
        "**<**at>",
        "\\<at>x",
        "[<at>](https://a.example)",
    ],
)
def test_no_mention_fires(text: str) -> None:
    sent = json.dumps([escape(text), elements_of(text)], ensure_ascii=False).lower()
    assert "<at" not in sent
    assert "</at" not in sent


def test_functions_of_cards_are_not_called() -> None:
    assert "{{" not in escape("{{DATE(2026-11-20T00:00:00Z)}}")
    assert "{{" not in json.dumps(elements_of("{{TIME(2026-11-20T00:00:00Z)}}"))
    assert "{{DATE" not in json.dumps(elements_of("```\n{{DATE(1)}}\n```"))
    assert "{{ name }}" in json.dumps(elements_of("```\n{{ name }}\n```"))


def texts(markdown: str) -> list[str]:
    return [element["text"] for element in elements_of(markdown)]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("plain", ["plain"]),
        ("**bold** and *thin*", ["**bold** and *thin*"]),
        ("one\ntwo", ["one\ntwo"]),
        ("one\n\ntwo", ["one", "two"]),
        ("- a\n- b\n  - c", ["- a\n- b\n  - c"]),
        ("3. a\n4. b", ["3. a\n4. b"]),
        ("run `vpn up` now", ["run **vpn up** now"]),
        ("use `--help`", ["use --help"]),
        ("**see `x`**", ["**see x**"]),
        ("1 \\* 2", ["1 \\* 2"]),
        ("payments_core", ["payments_core"]),
        ("<b>hi</b>", ["\\<b>hi\\</b>"]),
        ("a&amp;b &amp;lt;", ["a&b \\&lt;"]),
        ("[a](https://x.example/p)", ["[a](https://x.example/p) (x.example)"]),
        ("<https://x.example/p>", ["[https://x.example/p](https://x.example/p)"]),
        ("[a](ftp://x.example)", ["a"]),
        ("[a](mailto:a@x.example)", ["a"]),
        ("[a](/path)", ["a"]),
        ("![a](https://x.example/p.png)", ["[a](https://x.example/p.png) (x.example)"]),
        ("# Title\ntext", ["Title", "text"]),
        ("~~gone~~", ["gone"]),
        ("title\n===", ["title\n\\==="]),
    ],
)
def test_markdown_becomes_what_cards_know(markdown: str, expected: list[str]) -> None:
    assert texts(markdown) == expected


def test_a_script_is_no_link() -> None:
    for target in ("javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x"):
        [text] = texts(f"[click]({target})")
        assert "](" not in text.replace("\\]", "")


def test_a_link_says_where_it_goes_when_its_label_does_not() -> None:
    [text] = texts("[https://bank.example](https://evil.example/)")
    assert text.endswith("(evil.example)")


@pytest.mark.parametrize(
    ("label", "target"),
    [
        ("login.bank.example", "https://k.example/"),
        ("bank.example.com", "https://bank.example/"),
        ("bank.example/evil.example", "https://evil.example/"),
        ("bank.example evil.example", "https://evil.example/"),
        ("evil.example@bank.example", "https://evil.example/"),
    ],
)
def test_a_host_within_another_word_does_not_say_where_a_link_goes(
    label: str, target: str
) -> None:
    [text] = texts(f"[{label}]({target})")
    assert text.endswith(f"({urlsplit(target).hostname})")


def test_a_label_that_is_the_host_is_not_repeated() -> None:
    for label in (
        "a.example",
        "https://a.example",
        "https://a.example/x",
        "a.example/x",
    ):
        [text] = texts(f"[{label}](https://a.example/x)")
        assert not text.endswith("(a.example)")


def test_a_heading_is_bold() -> None:
    [element] = elements_of("## A **title**")
    assert element["weight"] == "Bolder"
    assert element["text"] == "A title"


def test_a_rule_separates_what_stands_around_it_however_long_that_is() -> None:
    words = "Many words. " * 60
    above, below = elements_of(f"{words}\n\n---\n\n{words}")
    assert "separator" not in above
    assert below["separator"] is True
    assert elements_of(f"{words}\n\n---\n\n{words}") == [above, below]


def test_code_keeps_its_lines_and_spaces_and_reads_no_markup() -> None:
    [element] = elements_of("```sh\nif *x*; then\n    vpn up\nfi\n```")
    [block] = element["items"]
    assert block["type"] == "RichTextBlock"
    [run] = block["inlines"]
    assert run["fontType"] == "Monospace"
    assert run["text"] == "if *x*; then\n\u00a0\u00a0\u00a0\u00a0vpn up\nfi"


def test_code_inside_a_list_does_not_end_the_count() -> None:
    one, code, two = elements_of("1. a\n   ```\n   x\n   ```\n2. b")
    assert one["text"] == "1. a"
    assert code["type"] == "Container"
    assert two["text"] == "2. b"


def test_a_table_becomes_rows() -> None:
    head, row = elements_of("| a | b |\n|---|---|\n| 1 | *2* |")
    assert (head["text"], head["weight"]) == ("a | b", "Bolder")
    assert row["text"] == "1 | *2*"


def visible(elements: list[dict[str, Any]]) -> str:
    parts: list[str] = []
    for element in elements:
        if "text" in element:
            parts.append(element["text"])
        parts.append(visible(element.get("items", [])))
        parts.append(visible(element.get("inlines", [])))
    return " ".join(parts)


@given(st.text(max_size=200) | st.text(alphabet="ab *_`#>-1.[]()\n|~<", max_size=80))
def test_any_markdown_becomes_elements_and_loses_no_letter(text: str) -> None:
    kept = visible(elements_of(text))
    for letter in "ab":
        if "](" not in text and "]:" not in text and "```" not in text:
            assert kept.count(letter) >= text.count(letter)
