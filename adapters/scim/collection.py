"""People, or groups, over HTTP: found, read, pushed, changed, removed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiohttp import web
from pydantic import JsonValue

from adapters.scim.discovery import MOST_FOUND, listed
from adapters.scim.documents import kept_of
from adapters.scim.failures import Refusal, bad
from adapters.scim.filters import terms_of
from adapters.scim.patch import patched
from adapters.scim.resources import chosen, etag_of, shown, where_of
from adapters.scim.schemas import Schema
from bot.ports.provisioning import Document, Field, Kept, Kind, NoSuchMember, Taken

PushT = TypeVar("PushT")
T = TypeVar("T")

USUAL_FOUND = 100
"""Resources in one answer, unless the client says how many."""
_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered to a request that is done."""

    status: int
    body: Document | None = None
    etag: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection(Generic[PushT]):
    """One kind of resources."""

    kind: Kind[PushT]
    resource: str
    schema: Schema
    fields: Mapping[str, Field]
    push: Callable[[Document], PushT]

    async def find(self, request: web.Request, base: str) -> Answer:
        """Answer with a page of what fits the filter."""
        query = request.query
        terms = terms_of(query["filter"]) if "filter" in query else ()
        start = max(1, _number(query.get("startIndex", "1"), "startIndex"))
        count = max(0, _number(query.get("count", str(USUAL_FOUND)), "count"))
        _, never = _attributes(request)
        page = await self.kind.find(
            where_of(terms, self.fields),
            start=start,
            count=min(count, MOST_FOUND),
            members="members" not in [name.lower() for name in never],
        )
        found = [self._chosen(request, kept, base) for kept in page.found]
        return Answer(status=200, body=listed(found, total=page.total, start=start))

    async def read(self, request: web.Request, base: str, scim_id: str) -> Answer:
        """Answer with one."""
        kept = await self.kind.get(scim_id)
        if kept is None:
            raise _nobody(scim_id)
        if request.headers.get("If-None-Match") == etag_of(kept):
            return Answer(status=304, etag=etag_of(kept))
        return self._answer(request, kept, base)

    async def create(
        self, request: web.Request, base: str, document: Document
    ) -> Answer:
        """Keep a new one."""
        # An account that is pushed without a word about it is in use.
        usual: Document = {"active": True} if self.schema.attribute("active") else {}
        push = self.push({**usual, **kept_of(self.schema, document)})
        kept = await _unless_taken(self.kind.add(push))
        return self._answer(request, kept, base, status=201)

    async def replace(
        self, request: web.Request, base: str, scim_id: str, document: Document
    ) -> Answer:
        """Put a whole resource in the place of one; what is not said stays active."""
        given = kept_of(self.schema, document)

        def change(kept: Kept) -> PushT:
            _check_version(request, kept)
            same = {k: v for k, v in kept.body.items() if k == "active"}
            return self.push({**same, **given})

        return await self._changed(request, base, scim_id, change)

    async def patch(
        self, request: web.Request, base: str, scim_id: str, document: Document
    ) -> Answer:
        """Change some of it."""

        def change(kept: Kept) -> PushT:
            _check_version(request, kept)
            members: list[JsonValue] = [{"value": member} for member in kept.members]
            before: Document = {**kept.body}
            if members:
                before["members"] = members
            return self.push(patched(self.schema, before, document))

        return await self._changed(request, base, scim_id, change)

    async def remove(self, request: web.Request, scim_id: str) -> Answer:
        """Remove one."""

        def check(kept: Kept) -> None:
            _check_version(request, kept)

        if not await self.kind.remove(scim_id, check):
            raise _nobody(scim_id)
        return Answer(status=204)

    async def _changed(
        self,
        request: web.Request,
        base: str,
        scim_id: str,
        change: Callable[[Kept], PushT],
    ) -> Answer:
        kept = await _unless_taken(self.kind.change(scim_id, change))
        if kept is None:
            raise _nobody(scim_id)
        return self._answer(request, kept, base)

    def _answer(
        self, request: web.Request, kept: Kept, base: str, *, status: int = 200
    ) -> Answer:
        return Answer(
            status=status,
            body=self._chosen(request, kept, base),
            etag=etag_of(kept),
            location=f"{base}/{self.resource}s/{kept.id}",
        )

    def _chosen(self, request: web.Request, kept: Kept, base: str) -> Document:
        whole = shown(kept, resource=self.resource, urn=self.schema.urn, base=base)
        return chosen(whole, *_attributes(request))


async def _unless_taken(change: Awaitable[T]) -> T:
    try:
        return await change
    except Taken as taken:
        raise Refusal(409, taken.what, "uniqueness") from taken
    except NoSuchMember as unknown:
        named = ", ".join(unknown.members[:5])
        raise bad(f"Nobody was pushed with the id {named}.") from unknown


def _attributes(request: web.Request) -> tuple[list[str], list[str]]:
    only, never = (
        [name for name in request.query.get(key, "").split(",") if name.strip()]
        for key in ("attributes", "excludedAttributes")
    )
    return only, never


def _check_version(request: web.Request, kept: Kept) -> None:
    wanted = request.headers.get("If-Match", "*")
    if wanted != "*" and etag_of(kept) not in [
        one.strip() for one in wanted.split(",")
    ]:
        raise Refusal(412, f"It has changed: its version is {etag_of(kept)} now.")


def _number(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _DIGITS:
        raise bad(f"{name} is a number, not {text[:40]!r}.")
    return int(text)


def _nobody(scim_id: str) -> Refusal:
    return Refusal(404, f"There is no {scim_id[:100]!r}.")
