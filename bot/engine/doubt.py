"""Look for a post that may have happened unseen, before it is made again."""

from collections.abc import Iterable

from bot.engine.exhibit import Exhibit
from bot.ports.surface import Platform


async def found_again(
    platform: Platform, exhibit: Exhibit, beside: Iterable[Exhibit]
) -> bool:
    """Adopt the surface's message if the platform has one.

    The message that stands in for another counts before that one. A stream that was
    left open may carry no mark, so the platform can only say that there is one. It is
    that of the surface that was meant to be posted first of all that are in doubt: no
    stream is opened while anything else of the conversation is (`may_stream`). What
    stands in for another was never streamed.

    Args:
        platform: To ask.
        exhibit: What is looked for.
        beside: Everything else of its conversation.
    """
    address, since = exhibit.address, exhibit.intent_at
    assert address is not None, "only surfaces with a place are looked for"
    assert since is not None, "only what was meant to be posted is looked for"
    for mark in exhibit.marks:
        found = await platform.find_post(address, surface=mark, since=since)
        if found is None:
            continue
        stands_in = mark != exhibit.surface_id
        if found.stream and (stands_in or not _meant_first(exhibit, beside)):
            continue
        exhibit.adopt(found, mark)
        return True
    return False


def may_stream(beside: Iterable[Exhibit]) -> bool:
    """Whether a stream may be opened: were it lost, it could only be found as the one.

    To be asked once its own intent is committed: what was meant meanwhile may count as
    meant before it.
    """
    return not any(other.in_doubt for other in beside)


def _meant_first(exhibit: Exhibit, beside: Iterable[Exhibit]) -> bool:
    meant = exhibit.meant_at
    if meant is None or not exhibit.in_doubt:
        return False
    return all(
        other.meant_at is None or meant < other.meant_at
        for other in beside
        if other.in_doubt
    )
