import asyncio
from typing import Any, Literal

import pytest

from adapters.simulator.teams.limits import UNMETERED
from tests.unit.adapters.simulator.teams.stage import ADA_AAD, TENANT, Stage, stage

Json = dict[str, Any]
CARD = "application/vnd.microsoft.card.adaptive"


def card(**more: object) -> Json:
    content: Json = {"type": "AdaptiveCard", "version": "1.5", "body": [], **more}
    return {"contentType": CARD, "content": content}


def opening(staged: Stage, member: Json | None = None, **more: object) -> Json:
    return {
        "isGroup": False,
        "bot": {"id": staged.world.snapshot()["bot"]["id"]},
        "members": [member or {"id": ADA_AAD}],
        "tenantId": TENANT,
        "channelData": {"tenant": {"id": TENANT}},
        **more,
    }


def code_of(answer: tuple[int, Any, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


# ------------------------------------------------------------------------- logging in


async def test_the_right_secret_gives_a_token_that_works(staged: Stage):
    status, document = await staged.client.log_in()
    assert (status, document["token_type"], document["expires_in"]) == (
        200,
        "Bearer",
        3599,
    )
    assert (await staged.client.send(staged.ada))[0] == 201


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_secret": "guess"}, (401, "invalid_client")),
        ({"client_id": "somebody"}, (400, "unauthorized_client")),
        ({"scope": "https://graph.microsoft.com/.default"}, (400, "invalid_scope")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
    ],
)
async def test_anything_else_gives_none(
    staged: Stage, changes: dict[str, str], expected: tuple[int, str]
):
    status, document = await staged.client.log_in(**changes)
    assert (status, document["error"]) == expected
    assert "access_token" not in document


async def test_a_call_without_a_valid_token_is_401(staged: Stage):
    good = staged.client.token
    for token in ("", "made up", f"{good}x"):
        staged.client.token = token
        status, body, _ = await staged.client.send(staged.ada)
        assert status == 401
        assert body["message"] == "Authorization has been denied for this request."
    assert staged.world.messages(staged.ada) == []
    staged.client.token = good
    assert (await staged.client.send(staged.ada))[0] == 201


async def test_a_token_ends(staged: Stage):
    await staged.clock.advance(3598)
    assert (await staged.client.send(staged.ada))[0] == 201
    await staged.clock.advance(2)
    assert (await staged.client.send(staged.ada))[0] == 401


async def test_a_revoked_token_is_401_and_a_new_one_works(staged: Stage):
    staged.world.mishaps.revoke_tokens()
    assert (await staged.client.send(staged.ada))[0] == 401
    await staged.client.log_in()
    assert (await staged.client.send(staged.ada))[0] == 201


# ------------------------------------------------------------- opening a conversation


async def test_a_chat_opens_by_entra_id_and_by_mri(staged: Stage):
    mri = staged.world.snapshot()["users"][0]["id"]
    assert mri.startswith("29:")
    for name in (ADA_AAD, mri):
        body = opening(staged, {"id": name})
        status, opened, _ = await staged.client.call("POST", "", body)
        assert (status, opened) == (201, {"id": staged.ada})


async def test_a_chat_opens_with_a_first_message(staged: Stage):
    body = opening(staged, activity={"type": "message", "text": "hello"})
    status, opened, _ = await staged.client.call("POST", "", body)
    [message] = staged.world.messages(staged.ada)
    assert (status, opened["activityId"]) == (201, message["id"])


@pytest.mark.parametrize(
    "change",
    [
        {"members": [{"aadObjectId": ADA_AAD}]},
        {"members": [{"id": "ada@x.test"}]},
        {"members": [{"id": "ada"}]},
        {"members": []},
        {"members": [{"id": ADA_AAD}, {"id": ADA_AAD}]},
        {"members": "ada"},
        {"isGroup": True},
        {"tenantId": None, "channelData": {}},
        {"tenantId": "another"},
        {"bot": {"id": "28:another"}},
    ],
)
async def test_wrong_parameters_are_400(staged: Stage, change: Json):
    answer = await staged.client.call("POST", "", opening(staged) | change)
    assert code_of(answer) == (400, "BadSyntax")


async def test_a_person_without_the_app_cannot_be_reached(staged: Stage):
    bob = staged.world.snapshot()["users"][1]["aadObjectId"]
    answer = await staged.client.call("POST", "", opening(staged, {"id": bob}))
    assert code_of(answer) == (403, "ForbiddenOperationException")
    await staged.world.install("bob")
    opened = await staged.client.call("POST", "", opening(staged, {"id": bob}))
    assert opened[0] == 201


# ---------------------------------------------------------------------------- sending


async def test_a_message_is_shown_and_journalled_whole(staged: Stage):
    entities = [{"type": "https://schema.org/Message", "additionalType": ["X"]}]
    _, sent, _ = await staged.client.send(staged.ada, "hi", entities=entities)
    [message] = staged.world.messages(staged.ada)
    assert staged.changes("teams.activity") == [message]
    assert message["id"] == sent["id"]
    assert message["conversation"] == staged.ada
    assert message["from"] == staged.world.snapshot()["bot"]
    assert (message["text"], message["entities"]) == ("hi", entities)
    assert (message["revision"], message["deleted"]) == (1, False)


async def test_ids_are_rising_epoch_milliseconds(staged: Stage):
    first, second = [(await staged.client.send(staged.ada))[1]["id"] for _ in "ab"]
    now = staged.clock.now().timestamp() * 1000
    assert int(first) == int(now)
    assert int(second) == int(first) + 1


async def test_a_reply_is_a_message_even_to_what_nobody_knows(staged: Stage):
    body = {"type": "message", "text": "re"}
    path = f"/{staged.ada}/activities/unknown"
    status, _, _ = await staged.client.call("POST", path, body)
    [message] = staged.world.messages(staged.ada)
    assert (status, message["replyToId"]) == (201, "unknown")


async def test_text_and_card_become_two_messages_without_an_id(staged: Stage):
    status, body, _ = await staged.client.send(staged.ada, "hi", attachments=[card()])
    assert (status, body) == (202, {})
    text, picture = staged.world.messages(staged.ada)
    assert (text["text"], text["attachments"]) == ("hi", [])
    assert (picture["text"], picture["attachments"]) == ("", [card()])


async def test_typing_is_shown_and_leaves_no_message(staged: Stage):
    body = {"type": "typing"}
    answer = await staged.client.call("POST", f"/{staged.ada}/activities", body)
    assert answer[0] == 202
    assert staged.changes("teams.typing") == [{"conversation": staged.ada}]
    assert staged.world.messages(staged.ada) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"type": "message"}, (400, "BadSyntax")),
        ({"type": "trace", "text": "x"}, (400, "BadArgument")),
        ({"text": "x"}, (400, "BadArgument")),
        ([], (400, "BadSyntax")),
        ({"type": "message", "text": 7}, (400, "BadArgument")),
        (
            {"type": "message", "attachments": [{"contentType": "text/csv"}]},
            (400, "BadArgument"),
        ),
        (
            {"type": "message", "attachments": [card(version="1.6")]},
            (400, "BadArgument"),
        ),
        (
            {
                "type": "message",
                "text": "x",
                "entities": [{"type": "https://schema.org/Message"}] * 2,
            },
            (400, "BadArgument"),
        ),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    staged: Stage, body: object, expected: tuple[int, str]
):
    answer = await staged.client.call("POST", f"/{staged.ada}/activities", body)
    assert code_of(answer) == expected
    assert staged.world.messages(staged.ada) == []


async def test_a_message_of_100_kb_in_utf_16_is_too_big(staged: Stage):
    room = 100 * 1024 // 2 - len('{"text":""}')
    assert (await staged.client.send(staged.ada, "x" * room))[0] == 201
    answer = await staged.client.send(staged.ada, "x" * (room + 1))
    assert code_of(answer) == (413, "MessageSizeTooBig")
    faces = await staged.client.send(staged.ada, "🙂" * (room // 2 + 1))
    assert code_of(faces) == (413, "MessageSizeTooBig")


async def test_a_card_with_too_many_buttons_is_shown_with_a_warning(staged: Stage):
    buttons = [{"type": "Action.Execute", "title": "x", "verb": "x"}] * 7
    body = {"type": "message", "attachments": [card(actions=buttons)]}
    answer = await staged.client.call("POST", f"/{staged.ada}/activities", body)
    assert answer[0] == 201
    assert len(staged.world.messages(staged.ada)[0]["warnings"]) == 1


async def test_a_conversation_that_does_not_exist_is_404(staged: Stage):
    for chat in ("a:nowhere", staged.world.conversation_of("bob")):
        answer = await staged.client.send(chat)
        assert code_of(answer) == (404, "ConversationNotFound")


async def test_a_person_may_block_or_remove_the_bot(staged: Stage):
    staged.world.mishaps.block("ada")
    answer = await staged.client.send(staged.ada)
    assert code_of(answer) == (403, "ConversationBlockedByUser")
    await staged.world.uninstall("ada")
    answer = await staged.client.send(staged.ada)
    assert code_of(answer) == (403, "BotNotInConversationRoster")
    assert (await staged.bot.next("installationUpdate"))["action"] == "remove"


@pytest.mark.parametrize(
    ("how", "code"),
    [("blocked", "ConversationBlockedByUser"), ("disabled", "BotDisabledByAdmin")],
)
async def test_the_bot_may_be_shut_out(
    staged: Stage, how: Literal["blocked", "disabled"], code: str
):
    staged.world.mishaps.block("ada", how)
    assert code_of(await staged.client.send(staged.ada)) == (403, code)
    opened = await staged.client.call("POST", "", opening(staged))
    assert code_of(opened) == (403, code)


async def test_a_blocked_bot_may_also_get_another_kind_of_document(staged: Stage):
    staged.world.mishaps.block("ada", "muted")
    status, body, _ = await staged.client.send(staged.ada)
    assert (status, body["errorCode"]) == (403, 209)
    assert "MessageWritesBlocked" in body["message"]


async def test_a_group_takes_messages_and_names_its_members(staged: Stage):
    group = staged.world.open_group("ada", "bob")
    assert group.endswith("@thread.v2")
    assert (await staged.client.send(group))[0] == 201
    [message] = staged.world.messages(group)
    assert message in staged.world.snapshot()["messages"]
    _, members, _ = await staged.client.call("GET", f"/{group}/members")
    assert [member["givenName"] for member in members] == ["Ada", "Bob"]


# ------------------------------------------------------------------ changing messages


async def test_an_update_replaces_everything_under_the_same_id(staged: Stage):
    _, sent, _ = await staged.client.send(staged.ada, "before", summary="old")
    status, body, _ = await staged.client.update(staged.ada, sent["id"], "after")
    [message] = staged.world.messages(staged.ada)
    assert (status, body) == (200, {"id": sent["id"]})
    assert (message["text"], message["revision"]) == ("after", 2)
    assert "summary" not in message
    assert message["edited"]


async def test_only_a_known_message_of_the_bot_can_be_changed(staged: Stage):
    said = await staged.world.say("ada", "mine")
    for method in ("PUT", "DELETE"):
        body = {"type": "message", "text": "x"} if method == "PUT" else None
        for activity, expected in (
            ("1", (404, "ActivityNotFoundInConversation")),
            (said, (403, "NotEnoughPermissions")),
        ):
            path = f"/{staged.ada}/activities/{activity}"
            assert code_of(await staged.client.call(method, path, body)) == expected
    assert staged.world.messages(staged.ada)[0]["text"] == "mine"


async def test_a_deleted_message_is_gone_for_good(staged: Stage):
    _, sent, _ = await staged.client.send(staged.ada, "secret")
    path = f"/{staged.ada}/activities/{sent['id']}"
    assert (await staged.client.call("DELETE", path))[0] == 200
    [message] = staged.world.messages(staged.ada)
    assert (message["deleted"], message["text"]) == (True, "")
    assert staged.world.seen_by("ada") == []
    answer = await staged.client.update(staged.ada, sent["id"])
    assert code_of(answer) == (404, "ActivityNotFoundInConversation")


# ---------------------------------------------------------------------------- members


async def test_members_carry_their_entra_id_and_address(staged: Stage):
    _, [member], _ = await staged.client.call("GET", f"/{staged.ada}/members")
    assert member["aadObjectId"] == ADA_AAD
    assert (member["email"], member["givenName"]) == ("ada@x.test", "Ada")
    path = f"/{staged.ada}/members/{member['id']}"
    assert (await staged.client.call("GET", path))[1] == member
    paged = await staged.client.call("GET", f"/{staged.ada}/pagedmembers")
    assert paged[1] == {"members": [member]}
    answer = await staged.client.call("GET", f"/{staged.ada}/members/29:nobody")
    assert code_of(answer) == (404, "MemberNotFoundInConversation")


# ---------------------------------------------------------------------------- the rest


async def test_every_call_is_in_the_journal(staged: Stage):
    await staged.client.send(staged.ada)
    await staged.client.update(staged.ada, "1")
    *_, sent, updated = staged.calls()
    assert (sent["method"], sent["operation"], sent["status"]) == ("POST", "send", 201)
    assert (updated["status"], updated["error"]) == (
        404,
        "ActivityNotFoundInConversation",
    )
    assert updated["activity"] == "1"


async def test_a_second_operation_on_a_busy_conversation_is_412(staged: Stage):
    await staged.world.install("bob")
    hold = staged.world.hold_next("send")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(staged.client.send(staged.ada))
        await hold.reached.wait()
        answer = await staged.client.send(staged.ada)
        assert code_of(answer) == (412, "PreconditionFailed")
        other = await staged.client.send(staged.world.conversation_of("bob"))
        assert other[0] == 201
        hold.release()
    assert first.result()[0] == 201
    assert (await staged.client.send(staged.ada))[0] == 201


async def test_concurrency_may_be_allowed():
    async with stage(limits=UNMETERED, exclusive=False) as staged:
        hold = staged.world.hold_next("send")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(staged.client.send(staged.ada))
            await hold.reached.wait()
            assert (await staged.client.send(staged.ada))[0] == 201
            hold.release()
        assert first.result()[0] == 201


async def test_the_same_people_have_the_same_ids_in_the_next_world(staged: Stage):
    async with stage() as again:
        assert again.ada == staged.ada
        users = [s.world.snapshot()["users"] for s in (staged, again)]
        assert users[0] == users[1]
    assert staged.ada.startswith("a:")
    assert len(users[0]) == 2
