"""The one reader of Markdown: CommonMark with tables and strike-through. Pure.

Three things of CommonMark are off, because none of them is worth what it costs while
text is still being written:

* headings by underline: a paragraph would turn into one, seconds after it was read;
* link definitions: they change what was written before them;
* HTML: no platform shows it.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

_OFF = ["lheading", "reference", "html_block", "html_inline"]
_ON = ["table", "strikethrough"]


def parser() -> MarkdownIt:
    """Return a reader of whole documents."""
    return MarkdownIt("commonmark", {"html": False}).enable(_ON).disable(_OFF)


_WHOLE = parser()
_BLOCKS = parser().disable(["inline", "text_join"])


def blocks_in(text: str) -> Sequence[Token]:
    """Return the blocks of ``text``; what is in them is left as it is written."""
    return _BLOCKS.parse(text)


def spans_in(text: str) -> Sequence[Token]:
    """Return the text, marks and links within one block's ``text``."""
    return _WHOLE.parseInline(text)[0].children or ()
