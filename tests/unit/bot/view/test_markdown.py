import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.view import markdown
from bot.view.markdown import close_markdown, end_markdown

parser = MarkdownIt("commonmark").enable(["strikethrough", "table"])


def seen(text: str) -> str:
    """What a reader sees, without white space, which streaming may move."""

    def words(tokens: list[Token]) -> str:
        return "".join(
            words(token.children) if token.children else token.content
            for token in tokens
            if token.type != "html_inline"
        )

    return re.sub(r"\s+", "", words(parser.parse(text)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain words", "plain words"),
        ("some **bold wor", "some **bold wor**"),
        ("some **bold word*", "some **bold word**"),
        ("some *emphasis, **both", "some *emphasis, **both***"),
        ("***all of it", "***all of it***"),
        ("some __bold wor", "some __bold wor__"),
        ("~~gone", "~~gone~~"),
        ("~~gone~", "~~gone~~"),
        ("a **b ", "a **b** "),
        ("a **b\\", "a **b**"),
        ("a **b\\\\", "a **b\\\\**"),
        ("nothing behind **", "nothing behind "),
        ("nothing behind **_", "nothing behind "),
        ("(**", "("),
        ("run `git st", "run `git st`"),
        ("run ``a ` b`", "run ``a ` b``"),
        ("run `", "run "),
        ("run`", "run"),
        ("run`  ", "run"),
        ("*a _b* c", "*a _b* c"),
        ("**run `git st", "**run `git st`**"),
        ("**run ` ", "**run**  "),
        ("see [the gui", "see the gui"),
        ("see [", "see "),
        ("see ![", "see "),
        ("see [the guide](https://exa", "see the guide"),
        ("see [the *guide*](https://exa", "see the *guide*"),
        ("see **[the guide](https://exa", "see **the guide**"),
        ("see ![a screen](https://exa", "see a screen"),
        ("see <https://exa", "see "),
        ("first **one**\n\nthen **two", "first **one**\n\nthen **two**"),
        ("lost ** star\n\n- item **b", "lost ** star\n\n- item **b**"),
        ("- one *\n- two **b", "- one *\n- two **b**"),
        ("# Title **b", "# Title **b**"),
        ("> quoted **b", "> quoted **b**"),
        ("text\n-", "text\n"),
        ("text\n\n#", "text\n\n"),
        ("**bold\n-", "**bold**\n"),
    ],
)
def test_what_is_left_open_is_closed_or_cut(text: str, shown: str):
    assert close_markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("```py\nprint(1)", "```py\nprint(1)\n```"),
        ("```py\nprint(1)\n", "```py\nprint(1)\n```"),
        ("```py\nprint(1)\n``", "```py\nprint(1)\n```"),
        ("````\n```\n", "````\n```\n````"),
        ("~~~\na\n~", "~~~\na\n~~~"),
        ("look:\n\n```py", "look:\n\n"),
        ("look:\n\n```py\n\n", "look:\n\n"),
        ("look **here\n```", "look **here**\n"),
        ("look:\n``", "look:\n"),
        ("1. do\n   ```\n   x", "1. do\n   ```\n   x\n   ```"),
        ("- ```\n  x", "- ```\n  x\n  ```"),
        ("> ```\n> x", "> ```\n> x\n> ```"),
        ("> ```\n> x\nafter **b", "> ```\n> x\nafter **b**"),
        ("> ```\n> x\n> ```\n> *b", "> ```\n> x\n> ```\n> *b*"),
        ("```\n**a\n```\n*b", "```\n**a\n```\n*b*"),
        ("- ```\n  x\nafter **b", "- ```\n  x\nafter **b**"),
        ("1. a\n\n   ~~~\n   x\n\nafter *b", "1. a\n\n   ~~~\n   x\n\nafter *b*"),
    ],
)
def test_a_fence_is_closed_once_it_has_content(text: str, shown: str):
    assert close_markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("costs:\n\n| a | b", "costs:\n\n"),
        ("costs:\n\n| a | b |\n", "costs:\n\n"),
        ("costs:\n\n| a | b |\n|--", "costs:\n\n"),
        ("| a |\n|---|\n| **b", "| a |\n|---|\n| **b**"),
        ("| a |\n|---|\n", "| a |\n|---|\n"),
        ("| a |\nno table", "| a |\nno table"),
        ("```\n| a", "```\n| a\n```"),
    ],
)
def test_a_table_is_shown_once_it_is_one(text: str, shown: str):
    assert close_markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("done **so far", "done **so far**"),
        ("```\nx", "```\nx\n```"),
        ("see [the gui", "see [the gui"),
        ("text\n-", "text\n-"),
        ("| a |", "| a |"),
        ("finished.\n", "finished.\n"),
    ],
)
def test_of_a_text_that_has_ended_nothing_is_dropped(text: str, shown: str):
    assert end_markdown(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4",
        "a*b and snake_case_name and 5 < 6 > 4",
        "an interval [0, 1) and [1] and [x]",
        "array[0 is not a link",
        "- [ ] to do\n- [x] done",
        "***",
        "---\n",
        "| a | b |\n|---|---|\n| *1* | `2` |",
        r"escaped \*star and \` tick",
        "`code with ** and [` after",
        "[link](https://e.example/a_(b)) and ![i](<x y> 'title')",
        "[a [nested] label](x) and ](",
        "<https://e.example/a_b>",
        "```py\nx = '**'\n```",
        "a ] b ) c",
        "[label](not an address) goes on",
        "~5 minutes, ~6 at most",
        "**bold**text and foo**bar**baz",
        '(*this*), "*that*" and *these*.',
        "C:\\",
    ],
)
def test_finished_markdown_stays_as_it_is(text: str):
    assert close_markdown(text) == text


# ------------------------------------------------------- documents of known shape

LETTERS = "abcdefgh"
word = st.text(LETTERS, min_size=1, max_size=5)
words = st.lists(word, min_size=1, max_size=3).map(" ".join)
span = st.one_of(
    words,
    words.map(lambda w: f"**{w}**"),
    words.map(lambda w: f"*{w}*"),
    words.map(lambda w: f"_{w}_"),
    words.map(lambda w: f"~~{w}~~"),
    words.map(lambda w: f"`{w}`"),
    st.tuples(words, words).map(lambda w: f"**{w[0]} *{w[1]}***"),
    st.tuples(words, word).map(lambda w: f"[{w[0]}](https://{w[1]}.example)"),
    st.tuples(words, word).map(lambda w: f"**[{w[0]}](https://{w[1]}.example)**"),
    st.tuples(words, words).map(lambda w: f"[{w[0]} `{w[1]}`](x 'y')"),
)
line = st.lists(span, min_size=1, max_size=4).map(" ".join)
block = st.one_of(
    line,
    line.map(lambda text: f"## {text}"),
    st.lists(line, min_size=1, max_size=3).map(
        lambda lines: "\n".join(f"- {text}" for text in lines)
    ),
    st.lists(line, min_size=1, max_size=2).map(
        lambda lines: "\n".join(f"> {text}" for text in lines)
    ),
    st.lists(words, min_size=1, max_size=3).map(
        lambda lines: "\n".join(["```zz", *lines, "```"])
    ),
    st.lists(st.tuples(span, span), min_size=1, max_size=3).map(
        lambda rows: "\n".join(
            ["| a | b |", "|---|:-:|", *(f"| {one} | {two} |" for one, two in rows)]
        )
    ),
    st.lists(words, min_size=1, max_size=3).map(
        lambda lines: "\n".join(["- ~~~", *(f"  {text}" for text in lines), "  ~~~"])
    ),
)
documents = st.lists(block, min_size=1, max_size=4).map("\n\n".join)
anything = st.text("ab `*_~[]()!<>\\\n-#>1.:/|", max_size=40)


@given(documents)
def test_a_whole_document_comes_back_unchanged(document: str):
    assert close_markdown(document) == document


@given(documents, st.data())
def test_what_is_shown_of_a_document_only_grows(document: str, data: st.DataObject):
    """No junk, no jump: readers see a prefix of what they see in the end.

    Except right behind a label: brackets at the end may be all there is, as in [1].
    """
    cut = data.draw(st.integers(0, len(document)))
    assume(not document[:cut].endswith("]"))
    shown = seen(close_markdown(document[:cut]))
    assert seen(document).startswith(shown)
    last, following = document[cut - 1 : cut], document[cut : cut + 1]
    row = document[:cut].rpartition("\n")[2].startswith("|")  # of a table, or not yet
    if last in LETTERS and following.isspace() and not row:  # no word is held back
        assert shown.endswith(last)


@given(documents | anything, st.integers(0, 200))
@example("`` ` ``", 6)
def test_closing_twice_changes_nothing(text: str, cut: int):
    once = close_markdown(text[:cut])
    assert close_markdown(once) == once


def test_closing_gives_up_rather_than_go_round(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(markdown, "_PASSES", 1)
    assert close_markdown("- **") == "- "


@given(documents | anything, st.integers(0, 200))
def test_no_fence_stays_open(text: str, cut: int):
    tokens = parser.parse(close_markdown(text[:cut]) + "\n\nEND")
    if not re.search(
        r"<[!?/a-z]|(^|\n)[ >\-1.]*( {4}|\t)", text
    ):  # HTML, indented code
        last = [token for token in tokens if token.content][-1]
        assert last.type == "inline"
        assert last.content == "END"
