from adapters.simulator.teams.limits import UNMETERED, Limits
from bot.pacing.lanes import Window
from tests.unit.adapters.simulator.teams.stage import ADA_AAD, TENANT, stage


async def test_the_eighth_message_in_a_second_is_429_and_shows_nothing():
    async with stage() as staged:
        for _ in range(7):
            assert (await staged.client.send(staged.ada))[0] == 201
        status, body, headers = await staged.client.send(staged.ada, "too much")
        assert status == 429
        assert body == {"error": {"code": "Throttled", "message": "Too many requests."}}
        assert headers["Retry-After"] == "1"
        assert len(staged.world.messages(staged.ada)) == 7
        call = staged.calls()[-1]
        assert (call["status"], call["error"], call["retry_after"]) == (
            429,
            "Throttled",
            1,
        )
        await staged.clock.advance(1)
        assert (await staged.client.send(staged.ada))[0] == 201


async def test_edits_draw_on_the_same_budget_as_messages():
    async with stage() as staged:
        _, sent, _ = await staged.client.send(staged.ada)
        for _ in range(6):
            assert (await staged.client.update(staged.ada, sent["id"]))[0] == 200
        assert (await staged.client.update(staged.ada, sent["id"]))[0] == 429
        assert (await staged.client.send(staged.ada))[0] == 429


async def test_sixty_in_half_a_minute_are_enough():
    async with stage() as staged:
        _, sent, _ = await staged.client.send(staged.ada)
        for _ in range(59):
            await staged.clock.advance(0.25)
            assert (await staged.client.update(staged.ada, sent["id"]))[0] == 200
        await staged.clock.advance(0.25)
        status, _, headers = await staged.client.update(staged.ada, sent["id"])
        assert (status, headers["Retry-After"]) == (429, "15")


async def test_a_split_message_counts_twice():
    card: dict[str, object] = {"type": "AdaptiveCard", "version": "1.5", "body": []}
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "content": card,
    }
    async with stage() as staged:
        for _ in range(3):
            await staged.client.send(staged.ada, attachments=[attachment])
        answer = await staged.client.send(staged.ada, attachments=[attachment])
        assert answer[0] == 429
        assert (await staged.client.send(staged.ada))[0] == 201


async def test_each_conversation_has_its_own_budget():
    async with stage() as staged:
        await staged.world.install("bob")
        for _ in range(8):
            await staged.client.send(staged.ada)
        bob = staged.world.conversation_of("bob")
        assert (await staged.client.send(bob))[0] == 201


async def test_the_tenant_as_a_whole_takes_fifty_a_second():
    async with stage(limits=Limits(send=())) as staged:
        answers = [(await staged.client.send(staged.ada))[0] for _ in range(51)]
        assert answers == [201] * 50 + [429]


async def test_opening_chats_is_limited_too():
    body = {"members": [{"id": ADA_AAD}], "tenantId": TENANT}
    async with stage() as staged:
        answers = [(await staged.client.call("POST", "", body))[0] for _ in range(8)]
        assert answers == [201] * 7 + [429]


async def test_looking_up_members_has_a_budget_of_its_own():
    async with stage() as staged:
        for _ in range(8):
            await staged.client.send(staged.ada)
        path = f"/{staged.ada}/pagedmembers"
        answers = [(await staged.client.call("GET", path))[0] for _ in range(15)]
        assert answers == [200] * 14 + [429]


async def test_the_old_list_of_members_is_had_five_times_a_minute():
    async with stage() as staged:
        path = f"/{staged.ada}/members"
        answers = [(await staged.client.call("GET", path))[0] for _ in range(6)]
        assert answers == [200] * 5 + [429]
        assert (await staged.client.call("GET", f"{path}/{ADA_AAD}"))[0] == 200


async def test_the_budgets_say_what_is_left():
    limits = Limits(send=(Window(7, 1),), tenant=(Window(50, 1),))
    async with stage(limits=limits) as staged:
        for _ in range(3):
            await staged.client.send(staged.ada)
        assert staged.world.budgets() == [
            {"lane": "teams/tenant", "left": 47, "of": 50, "seconds": 1},
            {"lane": f"teams/send/{staged.ada}", "left": 4, "of": 7, "seconds": 1},
        ]


async def test_without_limits_nothing_is_refused():
    async with stage(limits=UNMETERED) as staged:
        answers = {(await staged.client.send(staged.ada))[0] for _ in range(60)}
        assert answers == {201}
