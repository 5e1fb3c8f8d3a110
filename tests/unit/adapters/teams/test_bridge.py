import json
from typing import Any

from botbuilder.core import TurnContext
from botbuilder.core.invoke_response import InvokeResponse
from botbuilder.schema import Activity

from adapters.teams.bridge import PooledAdapter
from adapters.teams.client import TeamsPlatform
from adapters.teams.wire import read_activity, write_activity
from tests.support.teams_channel import Channel

STREAM = {"type": "streaminfo", "streamType": "streaming", "streamSequence": 1}


async def test_what_botbuilder_sends_takes_our_connector(
    platform: TeamsPlatform, channel: Channel
) -> None:
    seen: list[str] = []

    async def turn(context: TurnContext) -> InvokeResponse:
        sent = await context.send_activity("hello")
        assert sent is not None
        seen.append(str(sent.id))
        update: Any = Activity(type="message", id=sent.id, text="changed")
        await context.update_activity(update)
        await context.delete_activity(str(sent.id))
        return InvokeResponse(200, {"done": True})

    incoming = read_activity(json.dumps(channel.activity()).encode())
    answer = await PooledAdapter(platform.connector).answer(incoming.activity, turn)
    assert answer.body == {"done": True}
    assert seen == ["m-1"]
    assert [(call.method, call.path.rpartition("/")[2]) for call in channel.calls] == [
        ("POST", "activities"),  # a new message, not a reply
        ("PUT", "m-1"),
        ("DELETE", "m-1"),
    ]
    assert channel.calls[0].body["text"] == "hello"
    assert channel.calls[1].body["text"] == "changed"


def test_the_fields_of_entities_survive_both_ways() -> None:
    mention = {
        "type": "mention",
        "text": "<at>Bob</at>",
        "mentioned": {"id": "29:bob", "name": "Bob"},
    }
    body = {"type": "message", "entities": [STREAM, mention]}
    incoming = read_activity(json.dumps(body).encode())
    assert write_activity(incoming.activity)["entities"] == [STREAM, mention]
    assert [m.name for m in incoming.mentions] == ["Bob"]
