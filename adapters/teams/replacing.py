"""Replace a message by what a payload says."""

from adapters.teams.connector import Connector
from adapters.teams.draft import activity_of
from adapters.teams.failures import edit_refusal
from bot.ports.surface import Payload, Receipt


async def replace_message(
    connector: Connector, receipt: Receipt, payload: Payload
) -> None:
    """Let the message of ``receipt`` show ``payload``; see `Platform.edit`.

    Raises:
        PlatformError: As `bot.ports.surface.Platform.edit` says.
    """
    to, activity_id = receipt.address, receipt.message_id
    # The whole message is replaced; what is missing here is gone there.
    answer = await connector.put_activity(
        to.service_url,
        to.channel,
        activity_id,
        {**activity_of(payload), "id": activity_id},
    )
    if not answer.ok:
        raise edit_refusal(answer, personal=to.personal)
