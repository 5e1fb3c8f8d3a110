"""Articles in memory, searched by the same rules as on Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.company.file import ArticleFile
from bot.knowledge.ask import Ask, corrected
from bot.knowledge.ranking import Stems, Zone, fit, zone_of
from bot.knowledge.sections import Section, sections_of
from bot.knowledge.words import all_stems, nearest, words_of
from bot.ports.records import Passage


@dataclass(frozen=True, slots=True)
class _Shelved:
    article: ArticleFile
    section: Section
    stems: Stems
    words: frozenset[str]


class Shelf:
    """The sections of some articles."""

    def __init__(self, articles: Sequence[ArticleFile]) -> None:
        self._all = [
            _shelved(article, section)
            for article in articles
            for section in sections_of(article.title, article.body)
        ]

    def search(self, ask: Ask, limit: int) -> Sequence[Passage]:
        zones = self._zones(ask)
        missing = {i for i in range(len(ask)) if not any(i in z for z in zones)}
        if missing:
            known = {word for one in self._all for word in one.words}
            ask = tuple(
                corrected(term, nearest(term.said, known)) if i in missing else term
                for i, term in enumerate(ask)
            )
            zones = self._zones(ask)
        having = {i: sum(i in z for z in zones) for i in range(len(ask))}
        found = [
            _passage(one, fit(ask, zone, having, len(self._all)))
            for one, zone in zip(self._all, zones, strict=True)
            if zone
        ]
        return sorted(found, key=lambda passage: -passage.fit)[:limit]

    def _zones(self, ask: Ask) -> list[dict[int, Zone]]:
        return [
            {i: z for i, term in enumerate(ask) if (z := zone_of(term, one.stems))}
            for one in self._all
        ]


def _shelved(article: ArticleFile, section: Section) -> _Shelved:
    title = words_of(article.title)
    headings = words_of(" ".join(section.headings))
    text = words_of(section.text)
    return _Shelved(
        article,
        section,
        Stems(
            title=all_stems(title), headings=all_stems(headings), text=all_stems(text)
        ),
        frozenset((*title, *headings, *text)),
    )


def _passage(one: _Shelved, how_well: float) -> Passage:
    return Passage(
        ref=one.article.ref,
        title=one.article.title,
        headings=one.section.headings,
        owner=one.article.owner,
        updated=one.article.updated,
        text=one.section.text,
        fit=how_well,
    )
