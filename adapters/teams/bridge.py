"""botbuilder's adapter contract, kept by our connector.

Middleware and bots written for botbuilder run on this unchanged, but their sends take
the pooled connections: no thread, no new session per turn, no retry behind our back.

A send is always a new message in the conversation. botbuilder would make it a reply to
``activity.id``, which is an invented one when nobody wrote first.
"""

# botbuilder carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownParameterType=false
# pyright: reportMissingTypeArgument=false

from collections.abc import Awaitable, Callable
from typing import cast

from botbuilder.core import BotAdapter, TurnContext
from botbuilder.core.invoke_response import InvokeResponse
from botbuilder.schema import Activity, ConversationReference, ResourceResponse
from typing_extensions import override

from adapters.teams.connector import Answer, Connector
from adapters.teams.wire import reference_of, write_activity
from bot.errors import PlatformError


class PooledAdapter(BotAdapter):
    """A `BotAdapter` that talks through a `Connector`."""

    def __init__(self, connector: Connector) -> None:
        super().__init__()
        self._connector = connector

    async def answer(
        self,
        activity: Activity,
        turn: Callable[[TurnContext], Awaitable[InvokeResponse]],
    ) -> InvokeResponse:
        """Return what ``turn`` answers to ``activity``, middleware around it."""
        context = TurnContext(self, activity)
        return cast("InvokeResponse", await self.run_pipeline(context, turn))

    @override
    async def send_activities(
        self, context: TurnContext, activities: list[Activity]
    ) -> list[ResourceResponse]:
        return [await self._send(activity) for activity in activities]

    @override
    async def update_activity(
        self, context: TurnContext, activity: Activity
    ) -> ResourceResponse:
        service_url, conversation, activity_id = reference_of(activity)
        answer = await self._connector.put_activity(
            service_url, conversation, activity_id, write_activity(activity)
        )
        return ResourceResponse(id=_done(answer).id or activity_id)

    @override
    async def delete_activity(
        self, context: TurnContext, reference: ConversationReference
    ) -> None:
        service_url, conversation, activity_id = reference_of(reference)
        _done(
            await self._connector.delete_activity(
                service_url, conversation, activity_id
            )
        )

    async def _send(self, activity: Activity) -> ResourceResponse:
        service_url, conversation, _ = reference_of(activity)
        answer = await self._connector.post_activity(
            service_url, conversation, write_activity(activity)
        )
        return ResourceResponse(id=_done(answer).id)


def _done(answer: Answer) -> Answer:
    if not answer.ok:
        raise PlatformError("teams", answer.code, answer.message)
    return answer
