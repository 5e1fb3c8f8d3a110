from adapters.teams.lanes import lanes_of, stream_lanes_of
from bot.pacing.lanes import Window
from bot.protocol.inbound import Address


def address(channel: str, tenant: str = "t1") -> Address:
    return Address(platform="teams", workspace=tenant, channel=channel)


def test_every_window_of_the_conversation_and_of_the_tenant_holds() -> None:
    conversation, tenant = lanes_of(address("a:1"))
    assert conversation.windows == (
        Window(6, 1),
        Window(7, 2),
        Window(59, 30),
        Window(1799, 3600),
    )
    assert tenant.windows == (Window(49, 1),)
    assert 0 < conversation.reserve < 1


def test_conversations_have_their_own_budget_and_share_their_tenants() -> None:
    one, all_one = lanes_of(address("a:1"))
    two, all_two = lanes_of(address("a:2"))
    other, all_other = lanes_of(address("a:1", "t2"))
    assert len({one.key, two.key, other.key}) == 3
    assert all_one == all_two != all_other


def test_the_threads_of_a_channel_share_its_budget() -> None:
    assert lanes_of(address("19:c;messageid=1")) == lanes_of(address("19:c"))


def test_a_stream_has_its_own_pace_beside_the_lanes_of_any_send() -> None:
    pace, *others = stream_lanes_of(address("a:1"))
    [window] = pace.windows
    assert window.count == 1
    assert 1 < window.seconds < 1.5
    assert tuple(others) == lanes_of(address("a:1"))
    assert pace.key != stream_lanes_of(address("a:2"))[0].key
