"""What a question asks for, in words that articles use."""

import pytest

from agents.glossary import MOST_TERMS, ask_of, glossary_with
from agents.quotes import best_line

OURS = glossary_with()


def said(question: str) -> list[str]:
    return [term.said for term in ask_of(question, OURS)]


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("How do I connect to the VPN?", ["connect", "vpn"]),
        ("Wie verbinde ich mich mit dem VPN?", ["verbinde", "vpn"]),
        ("¿Cómo me conecto a la VPN?", ["conecto", "vpn"]),
        ("wi-fi for my guests", ["wi fi", "guests"]),
        ("Error AC-403", ["error", "ac403"]),
        ("how many days off, I mean PTO", ["days off", "mean"]),
        ("Urlaubstage", ["urlaubs", "tage"]),
        ("how is it done?", []),
        ("", []),
    ],
)
def test_a_question_is_its_words_that_say_something(
    question: str, terms: list[str]
) -> None:
    assert said(question) == terms


def test_words_bring_along_what_means_the_same_in_three_languages() -> None:
    [term] = ask_of("contraseña", OURS)
    assert {("password",), ("passwort",), ("kennwort",)} <= set(term.phrases)
    [term] = ask_of("sick note", OURS)
    assert ("attest",) in term.phrases


def test_a_misspelt_word_of_the_glossary_is_guessed_only() -> None:
    [term] = ask_of("zurücksezen", OURS)
    assert term.phrases == (("zurucksezen",),)
    assert ("reset",) in term.guesses


def test_a_company_adds_words_of_its_own() -> None:
    own = glossary_with((("Elm Gate", "remote access", "Fernwartung"),))
    [term] = ask_of("Fernwartung?", own)
    assert ("elm", "gate") in term.phrases
    assert ("vpn",) not in term.phrases
    [term] = ask_of("Fernwartung?", OURS)
    assert term.phrases == (("fernwartung",),)


def test_an_endless_question_is_cut() -> None:
    assert len(ask_of(" ".join(f"word{n}" for n in range(500)), OURS)) == MOST_TERMS


def test_the_line_that_says_most_is_quoted_whatever_its_language() -> None:
    text = "Mail works without.\n\nInstall the VPN client. Then rest."
    assert (
        best_line(text, ask_of("VPN installieren", OURS)) == "Install the VPN client."
    )
    assert best_line("", ask_of("vpn", OURS)) == ""
