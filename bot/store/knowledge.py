"""What the company knows: articles in sections, found by words, also misspelt ones.

Articles come from two places and are kept apart: the folder beside the company file,
which is always what the folder is, and what somebody imported, which stays until it is
removed. Everything that follows from an article (its sections, their search vectors,
the list of words) is written in the transaction that writes the article.

Words are made and compared by `bot.knowledge`, so Postgres is given lexemes, not texts:
no dictionary of the server's is used, and the same question finds the same everywhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.company.file import ArticleFile
from bot.knowledge.ask import Ask, Phrase, Term, corrected
from bot.knowledge.ranking import fit
from bot.knowledge.sections import Section, sections_of
from bot.knowledge.words import all_stems, nearest, stems_of, trigrams, words_of
from bot.ports.records import Passage
from bot.protocol.ids import TenantId
from bot.store.schema_knowledge import (
    knowledge_article,
    knowledge_section,
    knowledge_word,
)
from bot.store.schema_records import article
from bot.store.statements import statement
from bot.store.texts import storable

Origin: TypeAlias = Literal["folder", "import"]

EDITION = 1
"""Of how articles are taken apart: with another one, all of them are written anew."""
_LOOKED_AT = 60
"""How many sections are ranked; the answer is among those that have most terms."""
_SIMILAR = 40
"""How many words are looked at for one that is misspelt."""

_search = statement("search_knowledge")
_similar_words = statement("similar_words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What writing some articles came to."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An article as it is in the database."""

    origin: Origin
    ref: str
    title: str
    owner: str
    updated: str
    sections: int
    at: datetime


# ---------------------------------------------------------------------------- writing


async def write_folder(
    conn: AsyncConnection, tenant_id: TenantId, articles: Sequence[ArticleFile]
) -> Written:
    """Make the folder's articles what ``articles`` are; those imported stay."""
    await _write_for_the_release_before(conn, tenant_id, articles)
    kept = [storable(one.ref) for one in articles]
    gone = await conn.execute(
        delete(knowledge_article).where(
            knowledge_article.c.tenant_id == tenant_id,
            knowledge_article.c.origin == "folder",
            knowledge_article.c.ref.not_in(kept),
        )
    )
    return await _write(conn, tenant_id, "folder", articles, removed=gone.rowcount)


async def import_articles(
    conn: AsyncConnection, tenant_id: TenantId, articles: Sequence[ArticleFile]
) -> Written:
    """Add articles to what was imported, or replace those of the same name."""
    return await _write(conn, tenant_id, "import", articles, removed=0)


async def remove_imported(
    conn: AsyncConnection, tenant_id: TenantId, refs: Sequence[str]
) -> Sequence[str]:
    """Remove imported articles; return the names of those that were there."""
    rows = await conn.scalars(
        delete(knowledge_article)
        .where(
            knowledge_article.c.tenant_id == tenant_id,
            knowledge_article.c.origin == "import",
            knowledge_article.c.ref.in_(refs),
        )
        .returning(knowledge_article.c.ref)
    )
    gone = rows.all()
    await _note_words(conn, tenant_id)
    return sorted(gone)


async def _write(
    conn: AsyncConnection,
    tenant_id: TenantId,
    origin: Origin,
    articles: Sequence[ArticleFile],
    *,
    removed: int,
) -> Written:
    of_origin = (
        knowledge_article.c.tenant_id == tenant_id,
        knowledge_article.c.origin == origin,
    )
    rows = await conn.execute(
        select(knowledge_article.c.ref, knowledge_article.c.digest).where(*of_origin)
    )
    known = {row.ref: row.digest for row in rows}
    changed = new = 0
    for one in articles:
        ref, digest = storable(one.ref), _digest(one)
        if known.get(ref) == digest:
            continue
        changed += ref in known
        new += ref not in known
        await conn.execute(
            delete(knowledge_article).where(*of_origin, knowledge_article.c.ref == ref)
        )
        await _insert(conn, tenant_id, origin, one, digest)
    if new or changed or removed:
        await _note_words(conn, tenant_id)
    return Written(
        new=new,
        changed=changed,
        unchanged=len(articles) - new - changed,
        removed=removed,
    )


def _digest(one: ArticleFile) -> str:
    document = [EDITION, one.title, one.owner, one.updated, one.body]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


async def _insert(
    conn: AsyncConnection,
    tenant_id: TenantId,
    origin: Origin,
    one: ArticleFile,
    digest: str,
) -> None:
    title, body = storable(one.title), storable(one.body)
    sections = sections_of(title, body)
    whole = [title, *(part for s in sections for part in (*s.headings, s.text))]
    key = {"tenant_id": tenant_id, "origin": origin, "ref": storable(one.ref)}
    await conn.execute(
        insert(knowledge_article).values(
            **key,
            title=title,
            owner=storable(one.owner),
            updated=storable(one.updated),
            digest=digest,
            words=sorted({word for part in whole for word in words_of(part)}),
        )
    )
    for number, section in enumerate(sections, start=1):
        await conn.execute(
            insert(knowledge_section).values(
                **key,
                number=number,
                headings=list(section.headings),
                body=section.text,
                search=_vector(title, section),
            )
        )


def _vector(title: str, section: Section) -> str:
    """Return a section's search vector: its stems, weighted by where they are.

    The positions only keep one place from hiding the other two.
    """
    places: dict[str, list[str]] = {}
    for place, said in (
        ("1A", title),
        ("2B", " ".join(section.headings)),
        ("3", section.text),
    ):
        for stem in all_stems(words_of(said)):
            places.setdefault(stem, []).append(place)
    return " ".join(f"'{stem}':{','.join(at)}" for stem, at in sorted(places.items()))


async def _note_words(conn: AsyncConnection, tenant_id: TenantId) -> None:
    """Make the list of words what the articles have."""
    there = (
        select(func.unnest(knowledge_article.c.words).label("word"))
        .where(knowledge_article.c.tenant_id == tenant_id)
        .distinct()
    )
    listed = select(knowledge_word.c.word).where(
        knowledge_word.c.tenant_id == tenant_id
    )
    await conn.execute(
        delete(knowledge_word).where(
            knowledge_word.c.tenant_id == tenant_id, knowledge_word.c.word.not_in(there)
        )
    )
    new = (await conn.scalars(there.except_(listed))).all()
    if new:
        await conn.execute(
            insert(knowledge_word),
            [
                {"tenant_id": tenant_id, "word": w, "trigrams": sorted(trigrams(w))}
                for w in new
            ],
        )


async def _write_for_the_release_before(
    conn: AsyncConnection, tenant_id: TenantId, articles: Sequence[ArticleFile]
) -> None:
    """Fill the table that the previous release reads; it knows no imported ones."""
    await conn.execute(
        article.delete().where(
            article.c.tenant_id == tenant_id,
            article.c.ref.not_in([storable(a.ref) for a in articles]),
        )
    )
    for one in articles:
        values = {
            "title": storable(one.title),
            "owner": storable(one.owner),
            "updated": storable(one.updated),
            "body": storable(one.body),
        }
        await conn.execute(
            insert(article)
            .values(tenant_id=tenant_id, ref=storable(one.ref), **values)
            .on_conflict_do_update(
                index_elements=[article.c.tenant_id, article.c.ref], set_=values
            )
        )


# ---------------------------------------------------------------------------- reading


async def list_articles(conn: AsyncConnection, tenant_id: TenantId) -> Sequence[Kept]:
    """Return all articles, the folder's first."""
    sections = (
        select(func.count())
        .select_from(knowledge_section)
        .where(
            knowledge_section.c.tenant_id == knowledge_article.c.tenant_id,
            knowledge_section.c.origin == knowledge_article.c.origin,
            knowledge_section.c.ref == knowledge_article.c.ref,
        )
    )
    a = knowledge_article.c
    rows = await conn.execute(
        select(
            a.origin,
            a.ref,
            a.title,
            a.owner,
            a.updated,
            sections.scalar_subquery().label("sections"),
            a.at,
        )
        .where(a.tenant_id == tenant_id)
        .order_by(a.origin, a.ref)
    )
    return [Kept(**row) for row in rows.mappings()]


async def search(
    conn: AsyncConnection, tenant_id: TenantId, ask: Ask, *, limit: int
) -> Sequence[Passage]:
    """Return the sections that fit best; see `bot.ports.records.Records`."""
    found = await _look(conn, tenant_id, ask)
    missing = [i for i in range(len(ask)) if not found.having.get(i)]
    if missing:
        terms = list(ask)
        for i in missing:
            near = await _similar(conn, tenant_id, ask[i])
            terms[i] = corrected(ask[i], near)
        if tuple(terms) != ask:
            found = await _look(conn, tenant_id, tuple(terms))
    return found.passages[:limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    having: Mapping[int, int]
    """For each term of the question that is anywhere, in how many sections it is."""
    passages: Sequence[Passage]


async def _look(conn: AsyncConnection, tenant_id: TenantId, ask: Ask) -> _Found:
    rows = (
        (
            await conn.execute(
                _search,
                {
                    "tenant_id": tenant_id,
                    "numbers": list(range(len(ask))),
                    "queries": [_query(term.phrases) for term in ask],
                    "limit": _LOOKED_AT,
                },
            )
        )
        .mappings()
        .all()
    )
    counted: dict[str, int] = rows[0]["having"] if rows else {}
    having = {int(number): sections for number, sections in counted.items()}
    passages = [
        Passage(
            ref=row["ref"],
            title=row["title"],
            headings=tuple(row["headings"]),
            owner=row["owner"],
            updated=row["updated"],
            text=row["body"],
            fit=fit(
                ask,
                dict(zip(row["terms"], row["zones"], strict=True)),
                having,
                row["total"],
            ),
        )
        for row in rows
    ]
    return _Found(
        having=having, passages=sorted(passages, key=lambda passage: -passage.fit)
    )


def _query(phrases: Iterable[Phrase]) -> str:
    """Return what `to_tsquery` would make of phrases, any of which will do."""
    return " | ".join(f"({' & '.join(map(_any_stem, phrase))})" for phrase in phrases)


def _any_stem(word: str) -> str:
    # Words are letters and digits: no quote or operator can be among them.
    stems = " | ".join(f"'{stem}'" for stem in sorted(stems_of(word)))
    return f"({stems})"


async def _similar(
    conn: AsyncConnection, tenant_id: TenantId, term: Term
) -> tuple[str, ...]:
    pieces = sorted(trigrams(term.said))
    rows = await conn.scalars(
        _similar_words,
        {"tenant_id": tenant_id, "trigrams": pieces, "limit": _SIMILAR},
    )
    return nearest(term.said, rows.all())
