"""The budgets that a request to Teams draws from. Pure."""

from adapters.teams import limits
from bot.pacing.lanes import Lane, Window
from bot.protocol.inbound import Address


def lanes_of(address: Address) -> tuple[Lane, ...]:
    """Return the lanes of any send to ``address``: post, edit or typing.

    A channel's threads share the channel's budget: Teams does not say that they have
    one each, and the smaller reading is never refused.
    """
    thread, _, _ = address.channel.partition(";messageid=")
    return (
        Lane(
            key=f"teams/{address.workspace}/{thread}",
            windows=tuple(_with_margin(w) for w in limits.CONVERSATION_WINDOWS),
            reserve=limits.RESERVE,
        ),
        Lane(
            key=f"teams/{address.workspace}",
            windows=(_with_margin(limits.TENANT_WINDOW),),
            reserve=limits.RESERVE,
            # Teams does not say which limit was met; nearly always it is that of the
            # conversation, and the others in the tenant must not wait for it.
            blamed=False,
        ),
    )


def stream_lanes_of(address: Address) -> tuple[Lane, ...]:
    """Return the lanes of a part of a stream: those of any send, and its own pace.

    A chat has one stream at a time, so the chat stands for the stream.
    """
    conversation, tenant = lanes_of(address)
    count, seconds = limits.STREAM_WINDOW.count, limits.STREAM_WINDOW.seconds
    pace = Lane(
        key=f"{conversation.key}/stream",
        windows=(Window(count, seconds + limits.STREAM_MARGIN),),
    )
    return (pace, conversation, tenant)


def _with_margin(window: Window) -> Window:
    return Window(window.count - limits.MARGIN, window.seconds)
