"""What is written anew says the same, and a growing answer is never taken back."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.view.parser import pieces_of
from bot.view.rewrite import Dialect, rewrite
from bot.view.settle import stable_prefix


def escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def shown_link(label: str, address: str) -> str:
    return f"{label} ({escaped(address)})"


HOUSE = Dialect(text=escaped, code=escaped, link=shown_link)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
"""As strict as a platform's own may be: HTML, and all of CommonMark."""


def seen(markdown: str) -> str:
    """Letters that a reader sees."""

    def words(tokens: list[Token]) -> str:
        return "".join(
            words(token.children)
            if token.children
            else token.content.replace("&lt;", "<").replace("&gt;", ">")
            for token in tokens
        )

    return letters(re.sub("%[0-9A-F]{2}", "", words(READER.parse(markdown))))


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


MARKS = "ab1 *_`[]()<>!#-+.~|\\&;:/{}=\n"
pieces = st.sampled_from(
    [
        *("a **b** c", "*a", "~~a~~ ", "`a b`", "``a`", "[a](", "[a](1) ", "](", "![a"),
        *(
            "\n",
            "\n\n",
            "\n\n\n",
            "  ",
            "    ",
            "- ",
            "* a\n",
            "1. ",
            "12) a",
            "> ",
            "# ",
        ),
        *(
            "```\n",
            "~~~\n",
            "``",
            "| a | b |\n",
            "|--|:-|\n",
            "| a `|` |\n",
            "|",
            "---",
        ),
        *(
            "<!channel>",
            "<1>",
            "&lt;",
            "&amp;",
            "\\*",
            "\\",
            "a\n",
            "b ",
            "a b",
            ": ",
            "=",
        ),
    ]
)
documents = st.lists(pieces, max_size=25).map("".join) | st.text(MARKS, max_size=60)
long_ones = st.lists(
    documents.map(lambda text: f"{text}\n\nab ab\n\n"), min_size=1, max_size=12
).map("".join)
_patient = settings(deadline=None, max_examples=150)


@_patient
@given(documents)
@example("foo\n    - bar")
@example("a\n    ```\nb")
@example("&#45; a")
def test_every_letter_is_still_seen(text: str):
    if "&" not in text and not re.search(r"(```|~~~)[^\n]*[a-z]", text):
        assert seen(rewrite(text, HOUSE)) == letters(text)


@_patient
@given(documents | long_ones)
def test_nothing_is_a_token_or_a_hidden_link(text: str):
    written = rewrite(text, HOUSE)
    assert "<" not in written
    spans = [t for token in READER.parse(written) for t in token.children or ()]
    assert not any(t.type in {"html_inline", "image"} for t in spans)
    for token in spans:
        assert token.type != "link_open"


@_patient
@given(documents | long_ones, st.data())
def test_what_a_stream_was_given_is_never_taken_back(text: str, data: st.DataObject):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    shown = [stable_prefix(text[:cut], HOUSE, finished=False) for cut in cuts]
    shown.append(rewrite(text, HOUSE))
    for before, after in pairwise(shown):
        assert after.startswith(before)
    assert stable_prefix(text, HOUSE, finished=True) == shown[-1]


@pytest.mark.parametrize(
    "text",
    [
        "c`a b``a b````\n[a](=`a b`",
        "c*a`a b```[a](``a`*a",
        "a `b` [c [d] e](1) ![f](2) &amp; <https://1.2> \\* ~~g~~ **h *i***",
        "| a | b |\n|---|---|\n| `1 | [2](3) |\n\n> 1. a\n>    - b\n>\n> # c\n",
        "a 1*\n*Open b. 1*\n*c d",
        "| a |\n|---|\nb **c** d\n\nOut *of* it, e",
        "a\n\n| b `|` |\n|--|:-|\n| c | d |\n\ne",
        "1. a\n\n   ~~~x\n   b\n\n   ~~~\n2. c\n\n    d\n\n        e\n\n\n- f\n\n- g",
    ],
)
def test_nothing_is_taken_back_of_a_text_that_comes_letter_by_letter(text: str):
    shown = [
        stable_prefix(text[:cut], HOUSE, finished=False) for cut in range(len(text) + 1)
    ]
    shown.append(rewrite(text, HOUSE))
    for before, after in pairwise(shown):
        assert after.startswith(before)
    assert len(set(shown)) > 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize("marks", ["*", "<", "&", "_*", "<*", "&_", "\\!"])
def test_endless_marks_do_not_take_for_ever(marks: str):
    text = marks * (3_000 // len(marks))
    assert stable_prefix(f"a {text}", HOUSE, finished=False) == "a"
    assert stable_prefix(f"a {text} b", HOUSE, finished=False).startswith("a ")


@_patient
@given(long_ones)
def test_pieces_are_finished_and_make_up_the_whole(text: str):
    assert "".join(pieces_of(text)) == text
    *done, _ = pieces_of(text)
    assert list(pieces_of(text + "- more | words"))[: len(done)] == done


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain wor", "plain wor"),
        ("some **bold wor", "some **bold wor"),
        ("see [the guide](https://x.exa", "see"),
        ("see [the guide](https://x.example) n", "see the guide (https://x.example) n"),
        ("run `vpn con", "run"),
        ("mail <!chan", "mail"),
        ("mail <!chan nel", "mail &lt;!chan nel"),
        ("text\n-", "text"),
        ("text\n\n- it", "text\n\n- it"),
        ("text\n\n12", "text"),
        ("## Tit", ""),
        ("## Title\n", "**Title**"),
        ("look:\n\n```py", "look:"),
        ("```py\na = 1\nb =", "```py\na = 1\nb ="),
        ("```py\na = 1\n``", "```py\na = 1"),
        ("| a | b |\n|--", ""),
        ("| a | b |\n|--|--|\n| 1 | 2", "| a | b |\n| --- | --- |"),
        ("| a | b |\nno table", "| a | b |\nno table"),
    ],
)
def test_only_what_may_still_change_is_held_back(text: str, shown: str):
    assert stable_prefix(text, HOUSE, finished=False) == shown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("~~~py x\na\n~~~", "```py\na\n```"),
        ("````\n```\n````", "```\n``\u200b`\n```"),
        ("    code", "```\ncode\n```"),
        ("1. a\n   - b\n2. c", "1. a\n   - b\n2. c"),
        ("1. a\n\n   b\n\n2. c", "1. a\n\n   b\n\n2. c"),
        ("- a\n  ```\n  x\n  ```", "- a\n  ```\n  x\n  ```"),
        ("> a\nb", "> a\n> b"),
        ("|a|b|\n|-|-:|\n|1|\\||", "| a | b |\n| --- | --: |\n| 1 | \\| |"),
        ("a | b\n--- | ---", "a | b\n--- | ---"),
        ("title\n===", "title\n==="),
        ("a\\*b &copy; &#42;", "a\\*b © \\*"),
        ("# a *b* **c**", "**a b c**"),
        ("# [a]*(https://1.2)*", "**[a]\\(https://1.2)**"),
    ],
)
def test_structures_are_written_in_one_way(text: str, written: str):
    assert rewrite(text, HOUSE) == written


def test_a_wide_table_is_shown_as_fixed_text_and_a_long_one_has_its_header_again():
    wide = "|" + "a|" * 21 + "\n|" + "-|" * 21
    assert rewrite(wide, HOUSE).startswith("```\na | a")
    long = "| a |\n|---|\n" + "| 1 |\n" * 150
    assert len(re.findall(r"\| a \|", rewrite(long, HOUSE))) == 2
