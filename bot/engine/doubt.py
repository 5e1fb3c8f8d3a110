"""Look for a post that may have happened unseen, before it is made again."""

from bot.engine.exhibit import Exhibit
from bot.ports.surface import Platform


async def found_again(platform: Platform, exhibit: Exhibit) -> bool:
    """Adopt the surface's message if the platform has one.

    The message that stands in for another counts before that one.
    """
    address, since = exhibit.address, exhibit.intent_at
    assert address is not None, "only surfaces with a place are looked for"
    assert since is not None, "only what was meant to be posted is looked for"
    for mark in exhibit.marks:
        found = await platform.find_post(address, surface=mark, since=since)
        if found is not None:
            exhibit.adopt(found, mark)
            return True
    return False
