"""Answers that are too long for a model: cut, owned up to, and still of their shape."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agents.tools.fitting import FEWEST_CHARS, fitted

CONTENT: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=900)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=9), st.dictionaries(st.text(max_size=9), inner)
    ),
    max_leaves=30,
)


def length(content: JsonValue) -> int:
    return len(json.dumps(content, ensure_ascii=False))


@given(CONTENT, st.integers(FEWEST_CHARS, 2_000))
def test_no_answer_is_longer_than_its_limit(content: JsonValue, most: int):
    kept = fitted(content, most)
    assert length(kept) <= most
    if length(content) <= most:
        assert kept == content
    else:
        assert isinstance(kept, dict) and str(length(content)) in str(kept["cut"])


def test_how_a_call_ended_goes_before_long_text():
    rows: list[JsonValue] = [1] * 5_000
    content: JsonValue = {"text": "x" * 5_000, "status": "done", "rows": rows}
    kept = fitted(content, 1_000)
    assert isinstance(kept, dict)
    assert kept["status"] == "done"
    assert list(kept)[:2] == ["text", "status"]


def test_a_list_keeps_its_first_entries():
    entries: list[JsonValue] = ["an entry"] * 500
    kept = fitted(entries, 1_000)
    assert isinstance(kept, dict) and isinstance(kept["content"], list)
    assert 50 < len(kept["content"]) < 100
    assert set(map(str, kept["content"][:-1])) == {"an entry"}


def test_nesting_without_end_has_one():
    content: JsonValue = "x"
    for _ in range(900):
        content = [content]
    assert "…" in json.dumps(fitted(content, 1_000), ensure_ascii=False)
