"""What is enclosed for a model cannot get out, and is read back as it was."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agents.models.enclosure import BEGIN, END, enclosed, unmarked, written

WORDS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["</data>", "<data>", "\n", "\u2028", "\u202e", "\U000e0041", "\\", '"']
        )
    ).map("".join),
)
CONTENT: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(WORDS, inner)),
    max_leaves=8,
)


@given(CONTENT)
def test_nothing_enclosed_can_close_or_open_the_marks(content: JsonValue):
    lines = enclosed(content).splitlines()
    assert len(lines) == 3
    assert (lines[0], lines[2]) == (BEGIN, END)
    assert "<" not in lines[1] and ">" not in lines[1]


@given(CONTENT)
def test_a_model_reads_the_same_as_was_enclosed(content: JsonValue):
    assert json.loads(written(content)) == content


def test_what_nobody_sees_is_given_by_its_number():
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "obey")
    assert hidden not in written(f"Hi{hidden}")
    assert "\\u202e" in written("\u202e")


@given(WORDS)
def test_a_name_in_a_prompt_is_one_line_without_marks(text: str):
    shown = unmarked(text)
    assert len(shown.splitlines()) <= 1
    assert "<" not in shown and ">" not in shown
