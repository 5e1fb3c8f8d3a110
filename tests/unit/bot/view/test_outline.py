import pytest

from bot.view.outline import inline_at, place_of, without_unsure_rows


@pytest.mark.parametrize(
    ("before", "line", "begins"),
    [
        ("", "text", "block"),
        ("text\n", "more", ""),
        ("text\n\n", "more", "block"),
        ("- a\n", "- b", "item"),
        ("- a\n\n", "  more", "item"),
        ("> a\n>\n", "> b", "item"),
        ("```\n", "- a", ""),
        ("text\n", "# Title", "block"),
        ("| a |\n|---|\n", "| b |", ""),
    ],
)
def test_what_begins_with_a_line(before: str, line: str, begins: str):
    assert place_of(before, line).begins == begins


def test_lists_and_quotes_around_a_line_can_be_opened_again():
    place = place_of("> 10. a\n>     - b\n", ">       c")
    assert place.first == "> 10. - "
    assert place.following == ">       "
    assert place.indent == len(">       ")


def test_lists_that_begin_on_one_line_are_told_apart():
    place = place_of("- 1.  a\n", "      b")
    assert (place.first, place.following) == ("- 1.  ", "      ")


def test_an_empty_item_and_one_that_begins_with_code_are_one_space_wide():
    assert place_of("-\n", "  a").first == "- "
    assert place_of("-      code\n", "  a").first == "- "


def test_a_fence_is_known_by_its_marks_and_its_info():
    place = place_of("1. a\n   ~~~~ py x\n   b\n", "   c")
    assert (place.fence, place.info, place.first) == ("~~~~", "py x", "1. ")
    assert not place.closes_fence
    assert place_of("1. a\n   ~~~~ py x\n   b\n", "   ~~~~").closes_fence


def test_a_line_without_its_quote_marks_goes_on_all_the_same():
    assert place_of("> a\n", "b").indent == 0


def test_the_header_of_a_table_comes_without_what_is_around_it():
    place = place_of("- | a |\n  |---|\n", "  | b |")
    assert place.table == ("| a |", "|---|")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("a\n\nb *c", "b *c"),
        ("# a", "a"),
        ("```\na", ""),
        ("", ""),
        ("- a\n  b", "a\nb"),
    ],
)
def test_the_words_in_which_a_text_ends(before: str, words: str):
    assert inline_at(before) == words


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\n\n| b", "a\n\n"),
        ("- | b |\n", ""),
        ("```\n| b\n", "```\n| b\n"),
        ("| a |\n|---|\n| b", "| a |\n|---|\n| b"),
        ("a", "a"),
    ],
)
def test_rows_of_no_table_yet_are_left_out(text: str, kept: str):
    assert without_unsure_rows(text) == kept
