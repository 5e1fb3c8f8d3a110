"""What holds for the pages of any text, however it is cut while it streams."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.view import letters
from bot.view.pages import LARGEST, Page, normalized, pages_of, weight_of
from bot.view.parser import blocks_in, spans_in
from tests.support.answers import STEPS, TABLE
from tests.support.answers import long_texts as texts

_slow = settings(deadline=None, max_examples=30)


def finished(text: str, *, streaming: bool = False) -> tuple[Page, ...]:
    return tuple(p for p in pages_of(text, streaming=streaming) if p.complete)


def solid(text: str) -> str:
    """Letters and digits only."""
    return "".join(char for char in text if char.isalnum())


@_slow
@given(texts, st.data())
def test_a_split_never_moves_as_text_is_appended(text: str, data: st.DataObject):
    cut = data.draw(st.integers(0, len(text)))
    streaming = data.draw(st.booleans())
    before, after = finished(text[:cut], streaming=streaming), finished(text)
    assert after[: len(before)] == before


@_slow
@given(texts)
@example("x" * 9_000)
@example(("> " * 30 + "a\n") * 200)
def test_no_page_is_larger_than_a_page_may_be(text: str):
    for page in pages_of(text):
        assert weight_of(page.text) <= LARGEST + 200
        assert page.complete or weight_of(page.text.rstrip()) <= LARGEST


@_slow
@given(texts)
def test_every_letter_is_on_exactly_one_page(text: str):
    pages = pages_of(text)
    shown = "".join(solid(p.text).removeprefix(solid(p.repeats)) for p in pages)
    assert shown == solid(normalized(text))


@_slow
@given(texts, st.data())
def test_the_page_that_is_written_only_grows(text: str, data: st.DataObject):
    cut = data.draw(st.integers(0, len(text)))
    *done, last = pages_of(text[:cut], streaming=True)
    now = pages_of(text)[len(done)]
    assert now.start == last.start
    assert now.text.startswith(last.text.rstrip().rstrip("\\"))


@_slow
@given(texts)
def test_no_page_leaves_a_fence_to_the_next(text: str):
    for page in finished(text):
        closed = blocks_in(page.text + "\n\nEND")
        open_still = blocks_in(page.text.rstrip("`~ \n>"))
        if open_still and open_still[-1].type == "fence":
            assert [t.content for t in closed if t.content][-1].endswith("END")


@given(st.text(min_size=2, max_size=40), st.integers(0, 40))
def test_no_character_that_people_see_is_parted(text: str, at: int):
    if letters.may_part(text, at):
        assert not unicodedata.category(text[at]).startswith("M")
        assert "\u200d" not in text[at - 1 : at + 1]
        assert text[at - 1] != "\\"


def test_endless_marks_are_parted_in_the_end():
    assert letters.may_part("e" + "\u0301" * 200, 100)
    assert not letters.may_part("e" + "\u0301" * 200, 30)


def texts_of(pages: tuple[Page, ...]) -> list[str]:
    return [page.text for page in pages]


def test_a_short_text_is_one_page():
    assert texts_of(pages_of("Hello **you")) == ["Hello **you"]
    assert texts_of(pages_of("")) == [""]


def test_a_page_ends_between_blocks_once_it_is_full():
    paragraph = "Words. " * 60
    first, second = texts_of(pages_of(f"{paragraph.strip()}\n\n" * 8))
    assert first.count("\n\n") == second.count("\n\n") == 5 or second
    assert first.endswith("Words.")
    assert second.startswith("Words.")


def test_a_fence_is_closed_and_opened_again_with_its_info():
    first, second = texts_of(pages_of("```py\n" + "print('hi')\n" * 300 + "```\n"))
    assert first.endswith("print('hi')\n```")
    assert second.startswith("```py\nprint('hi')\n")


def test_a_fence_in_a_list_stays_in_its_list():
    text = "7. run\n\n   ```sh\n" + "   vpn connect\n" * 250 + "   ```\n\n8. end"
    first, second = texts_of(pages_of(text))
    assert first.endswith("   vpn connect\n   ```")
    assert second.startswith("7. ```sh\n   vpn connect\n")
    assert [t.info for t in blocks_in(second) if t.type == "list_item_open"] == [
        "7",
        "8",
    ]


def test_numbers_go_on_on_the_next_page():
    first, second, *_ = texts_of(pages_of(STEPS * 1 + STEPS))
    last = first.splitlines()[-1].split(".")[0]
    assert second.startswith(f"{int(last) + 1}. ")


def test_a_table_repeats_its_header():
    first, second = texts_of(pages_of(TABLE.strip() + "\n| lamp | 5 |" * 150))
    assert first.startswith("| name | cost |\n|---|--:|\n")
    assert second.startswith("| name | cost |\n|---|--:|\n| lamp | 5 |")


def test_emphasis_goes_on_on_the_next_page():
    first, second = texts_of(pages_of("**" + "word " * 700 + "end**"))
    assert first.endswith("word**")
    assert second.startswith("**word")
    (strong, *_) = spans_in(second)[1:]
    assert strong.type == "strong_open"


def test_what_is_opened_again_does_not_join_with_what_follows():
    text = "`" + "words and more of them\n`" * 300
    for page in pages_of(text)[1:]:
        assert next(t.type for t in blocks_in(page.text)) == "paragraph_open"
    _, second = texts_of(pages_of("words, " * 428 + "and - " + "words " * 60))
    assert not second.startswith("-")


def test_a_nested_item_keeps_its_depth():
    text = "10. first\n" + "    - deep item\n" * 250 + "11. next"
    _, second = texts_of(pages_of(text))
    assert second.startswith("10. - deep item\n    - deep item\n")
    assert [t.info for t in blocks_in(second) if t.info] == ["10", "11"]


@pytest.mark.parametrize("lead", ["## Steps", "Do this:"])
def test_what_announces_a_block_stays_with_it(lead: str):
    text = "w" * 2_190 + f"\n\n{lead}\n\nOpen the portal.\n\nThen all the rest of it."
    first, second = texts_of(pages_of(text))
    assert first.endswith("Open the portal.")
    assert second == "Then all the rest of it."


def test_a_list_stays_with_what_announces_it():
    text = (
        "w" * 2_500 + "\n\nDo this:\n- open the portal and wait\n- sign in there, too\n"
    )
    assert texts_of(pages_of("w" + text))[1].startswith("Do this:\n- open")
    text = (
        "w" * 2_190 + "\n\n" + "x" * 300 + "\nDo this:\n- open\n- sign in there\n" * 2
    )
    _, second = texts_of(pages_of(text))
    assert second.startswith("- sign in")


def test_a_split_is_decided_when_the_next_line_is_known():
    text = "w" * 2_300 + "\n\n"
    assert len(pages_of(text + "1")) == 1
    assert pages_of(text + "1", streaming=True)[0].text.endswith("w\n\n")
    assert len(pages_of(text + "1. open\n")) == 2
