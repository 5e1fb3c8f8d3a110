"""How well a section fits: a share, whatever the question."""

from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.ask import Term, corrected
from bot.knowledge.ranking import Stems, Zone, fit, rarity, zone_of
from bot.knowledge.words import all_stems

_ZONES: tuple[Zone, ...] = ("text", "title", "topic", "heading")


def term(*words: str, guessed: bool = False) -> Term:
    return Term(said=words[0], phrases=tuple((w,) for w in words), guessed=guessed)


def stems(title: str = "", headings: str = "", text: str = "") -> Stems:
    return Stems(
        title=all_stems(title.split()),
        headings=all_stems(headings.split()),
        text=all_stems(text.split()),
    )


def test_the_best_place_of_a_term_counts() -> None:
    vpn = term("vpn")
    assert zone_of(vpn, stems(title="vpn", headings="vpn", text="vpn")) == "heading"
    assert zone_of(vpn, stems(title="vpn", text="vpn")) == "topic"
    assert zone_of(vpn, stems(title="vpn")) == "title"
    assert zone_of(vpn, stems(text="vpn")) == "text"
    assert zone_of(vpn, stems(text="wifi")) is None


def test_a_phrase_needs_all_its_words_and_may_find_them_apart() -> None:
    sick = Term(said="sick leave", phrases=(("sick", "leave"), ("krank",)))
    assert zone_of(sick, stems(headings="sick", text="leave")) == "text"
    assert zone_of(sick, stems(headings="sick")) is None
    assert zone_of(sick, stems(text="krank")) == "text"


def test_places_are_worth_more_the_nearer_to_the_heading() -> None:
    fits = [fit((term("a"),), {0: zone}, {0: 1}, 9) for zone in _ZONES]
    assert fits == sorted(fits)
    assert len(set(fits)) == len(fits)
    assert fits[-1] == 1


def test_a_guess_is_worth_less_and_goes_to_what_an_article_has() -> None:
    sure, guess = (term("a"),), (term("a", guessed=True),)
    assert fit(sure, {0: "heading"}, {0: 1}, 9) > fit(guess, {0: "heading"}, {0: 1}, 9)
    misspelt = Term(said="pasword", phrases=(("pasword",),), guesses=(("kennwort",),))
    assert corrected(misspelt, ("password",)).phrases == (("password",),)
    assert corrected(misspelt, ()).phrases == (("kennwort",),)
    assert corrected(term("zzz"), ()) == term("zzz")


def test_a_word_that_is_nowhere_counts_as_rare() -> None:
    ask = (term("vpn"), term("hovercraft"))
    assert fit(ask, {0: "heading"}, {0: 8}, 9) < 1 / 2
    assert rarity(9, 1) > rarity(9, 8)
    assert fit((), {}, {}, 9) == 0


@given(
    st.lists(st.tuples(st.sampled_from((None, *_ZONES)), st.booleans()), max_size=9),
    st.integers(1, 10_000),
    st.data(),
)
def test_a_fit_is_a_share(
    found: list[tuple[Zone | None, bool]], total: int, data: st.DataObject
) -> None:
    ask = tuple(term(f"w{i}", guessed=g) for i, (_, g) in enumerate(found))
    zones: dict[int, Zone] = {i: z for i, (z, _) in enumerate(found) if z}
    having = {i: data.draw(st.integers(1, total)) for i in zones}
    assert 0 <= fit(ask, zones, having, total) <= 1 + 1e-9
