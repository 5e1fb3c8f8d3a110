"""Words, their stems, and what a misspelt one may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.words import (
    all_stems,
    errors_forgiven,
    nearest,
    stems_of,
    trigrams,
    words_of,
)

_LETTERS = st.text("abcdefgh", min_size=7, max_size=14)


def test_accents_case_and_hyphens_do_not_part_words() -> None:
    assert words_of("Contraseña WI-FI, AC-403!") == (
        *("contrasena", "wi", "fi", "wifi"),
        *("ac", "403", "ac403"),
    )
    assert words_of("x" * 61) == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("connecting", "connect", True),
        ("kosten", "kostet", True),
        ("vacaciones", "vacacion", True),
        ("printer", "door", False),
        ("comida", "come", False),
    ],
)
def test_words_are_the_same_if_one_language_gives_them_one_stem(
    one: str, other: str, *, same: bool
) -> None:
    assert bool(stems_of(one) & stems_of(other)) == same


def test_stems_have_no_character_that_a_query_would_mistake() -> None:
    said = words_of("o'neill's \\ | & ! <-> :* ''; DROP y'all yy's")
    assert all(stem.isalnum() for stem in all_stems(said))


@pytest.mark.parametrize(
    ("said", "known", "found"),
    [
        ("geust", ("guest", "quest", "gust"), ("guest", "gust")),
        ("pasword", ("password", "passport"), ("password",)),
        ("recovrey", ("recovery", "discovery"), ("recovery",)),
        ("zurucksezen", ("zurucksetzen",), ("zurucksetzen",)),
        ("ac403", ("ac404",), ()),
        ("mac", ("max",), ()),
        ("door", ("floor",), ()),
        ("badge", ("barge", "budge", "bodge", "cadge"), ("barge", "bodge", "budge")),
    ],
)
def test_a_misspelt_word_is_the_nearest_one(
    said: str, known: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert nearest(said, known) == found


@given(_LETTERS, st.data())
def test_any_one_typing_error_is_forgiven_in_a_long_word_and_leaves_two_trigrams(
    word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from("xyz"))
    wrong = data.draw(
        st.sampled_from(
            (
                word[:at] + letter + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            )
        )
    )
    assert errors_forgiven(word) == 2
    assert nearest(wrong, [word]) == (word,)
    assert len(trigrams(wrong) & trigrams(word)) >= 2
