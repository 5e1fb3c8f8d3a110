"""Answers as a model might write them, odd and long, and what a reader sees of them."""

import re
from collections.abc import Iterable

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

PROSE = "Open **the portal** and choose *VPN*. Then see [the guide](https://1.2). "
CODE = "```\n" + "print('hello')\n" * 12 + "```\n\n"
STEPS = "".join(f"{n}. step {n} is **here**\n" for n in range(1, 90)) + "\n"
TABLE = "| name | cost |\n|---|--:|\n" + "| monitor | 45 |\n" * 60 + "\n"

_pieces = st.one_of(
    st.sampled_from(
        [
            *(PROSE, PROSE * 3, CODE, STEPS, TABLE, "\n\n", "\n", "# Title\n\n"),
            *("- item\n", "  - deep\n", "> quoted **a\n> b**\n", "1. a\n\n   b\n"),
            *("```\n", "~~~\n", "| a | b |\n", "|--|--|\n", "**", "`", "[", "](", ")"),
            *("<!channel>", "<@U1>", "<at>x</at>", "&amp;", "\\", "x" * 900, " " * 200),
            *(
                "👩‍👩‍👧‍👧" * 40,
                "e\u0301" * 200,
                "🇩🇪" * 90,
                "。" * 50,
                "\r\n",
                "\t- tab\n",
            ),
            *("\n \n" * 20, "{{DATE(1)}}", "<!cha", "nnel>"),
        ]
    ),
    st.text("ab `*_~[]()!<>\\\n-#>1.:/|", max_size=40),
    st.text(max_size=20),
)
_chunks = st.lists(_pieces, min_size=1, max_size=4).map("".join)


def _many(chunk: str, times: int) -> str:
    return chunk * times


long_texts = st.lists(
    st.builds(_many, _chunks, st.integers(1, 40)), min_size=1, max_size=5
).map(lambda parts: "".join(parts)[:9_000])
"""Texts of some pages."""

_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def letters(text: str) -> str:
    """Return the Latin letters of ``text``."""
    return "".join(char for char in text if char.isascii() and char.isalpha())


def plain_letters(text: str) -> bool:
    """Return whether each letter of ``text`` is one that a reader is to see.

    Not so those of a fence's info string, of an entity, or of an address.
    """
    hidden = r"(```|~~~)[^\n]*[a-zA-Z]|&#?\w|\][(:]|https?:|%|[^\W\d_a-zA-Z]&"
    return not re.search(hidden, text.replace("](https://1.2)", ""))


def seen_in(markdown: str) -> str:
    """Return the letters that a reader of rendered Markdown sees."""
    return letters("".join(_words(_READER.parse(markdown))))


def _words(tokens: Iterable[Token]) -> Iterable[str]:
    for token in tokens:
        if token.children:
            yield from _words(token.children)
        else:
            yield token.content.replace("&lt;", "<").replace("&gt;", ">")
