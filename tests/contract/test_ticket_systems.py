"""What every system for tickets must be: asked once, and truthful about the rest."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from pydantic import JsonValue

from adapters.simulator.systems.jira import JiraStandIn
from adapters.simulator.systems.misbehaving import Mishap
from adapters.simulator.systems.servicenow import ServiceNowStandIn
from bot.errors import SystemUnsureError
from bot.ports.systems import NotDone
from bot.ports.tickets import TicketThere
from tests.support.desks import BOT, DESKS, HER_MAIL, MAYA, NEW, DeskSite

REFUSED = [(403, "forbidden"), (404, "unknown"), (409, "refused"), (422, "refused")]


@pytest.fixture(params=DESKS)
async def site(request: pytest.FixtureRequest) -> AsyncGenerator[DeskSite]:
    async with DESKS[request.param]() as opened:
        yield opened


def why(said: object) -> str:
    assert isinstance(said, NotDone), said
    return said.why


def there(said: object) -> TicketThere:
    assert isinstance(said, TicketThere), said
    return said


async def test_a_ticket_is_opened_once_for_who_asks_where_its_queue_is(
    site: DeskSite,
) -> None:
    opened = there(await site.desk.open(replace(NEW, queue="security")))
    [written] = site.books()
    assert (written.key, written.who, written.title) == (NEW.key, MAYA, NEW.title)
    assert NEW.body in written.body
    assert written.where in {"10/26", "g" * 32}
    assert opened.state and not opened.done
    assert opened.link.startswith("https://desk.example/")
    assert site.world.count("POST") == 1 and not site.clock.slept


async def test_a_queue_that_is_not_named_goes_to_the_helpdesk(site: DeskSite) -> None:
    there(await site.desk.open(replace(NEW, queue="hardware")))
    assert site.books()[0].where in {"10/25", ""}


async def test_a_ticket_is_found_by_its_key_and_read_by_its_name(
    site: DeskSite,
) -> None:
    assert await site.desk.find(NEW.key) is None
    opened = there(await site.desk.open(NEW))
    there(await site.desk.open(replace(NEW, key="deskhand-2")))
    assert await site.desk.find(NEW.key) == opened
    assert await site.desk.read(opened.reference) == opened
    state = site.settle(opened.reference)
    read = there(await site.desk.read(opened.reference))
    assert (read.state, read.done) == (state, True)


async def test_a_ticket_that_is_not_there_is_said_to_be_unknown(
    site: DeskSite,
) -> None:
    there(await site.desk.open(NEW))
    assert why(await site.desk.read("NONE-7")) == "unknown"
    assert why(await site.desk.comment("NONE-7", "Hello")) == "unknown"


async def test_who_has_no_such_mail_address_there_is_said_to_be_unknown(
    site: DeskSite,
) -> None:
    for email in ("nobody@acme.example", "maya", f"{HER_MAIL}^active=true", ""):
        assert why(await site.desk.open(replace(NEW, email=email))) == "unknown"
    assert site.books() == []
    there(await site.desk.open(replace(NEW, email="", account=MAYA)))
    assert site.books()[0].who == MAYA


async def test_a_comment_is_added_as_it_is_written(site: DeskSite) -> None:
    opened = there(await site.desk.open(NEW))
    site.world.asked.clear()
    there(await site.desk.comment(opened.reference, "Third floor, [~accountid:x]"))
    assert "Third floor, [~accountid:x]" in site.books()[0].comments
    assert site.world.count(site.changes) == 1


async def test_what_is_written_is_not_formatting_there(site: DeskSite) -> None:
    # A control inside a mark must not hide it: what is left would be one.
    body = "{no\x00format}[help|https://evil] [co\x07de]<img>[/CODE] {NoFormat}"
    there(await site.desk.open(replace(NEW, title="Two\n\x1blines ", body=body)))
    [written] = site.books()
    assert written.title == "Two lines"
    assert not {"\x00", "\x07"} & set(written.body)
    if isinstance(site.world, JiraStandIn):
        inner = written.body.removeprefix("{noformat}\n").removesuffix("\n{noformat}")
        assert "{noformat" not in inner.lower() and "[help|https://evil]" in inner
    else:
        assert "[code" not in written.body.lower() and "<img>" in written.body


async def test_the_check_finds_what_is_missing(site: DeskSite) -> None:
    assert isinstance(await site.desk.check(), str)
    missing = await site.wrong["queue"].check()
    assert isinstance(missing, NotDone) and "helpdesk" in missing.detail
    assert why(missing) == "unknown"


async def test_bad_credentials_are_told_as_such(site: DeskSite) -> None:
    desk = site.wrong["secret"]
    assert why(await desk.check()) == "credentials"
    assert why(await desk.open(NEW)) == "credentials"
    assert why(await desk.find(NEW.key)) == "credentials"
    assert why(await desk.read("DESK-1")) == "credentials"
    assert why(await desk.comment("DESK-1", "x")) == "credentials"
    assert site.books() == []


async def test_where_nobody_listens_nothing_was_asked_for(site: DeskSite) -> None:
    desk = site.wrong["address"]
    assert why(await desk.open(NEW)) == "unreachable"
    assert why(await desk.open(replace(NEW, account=MAYA))) == "unreachable"
    assert why(await desk.check()) == "unreachable"
    assert why(await desk.find(NEW.key)) == "unreachable"
    assert why(await desk.comment("DESK-1", "x")) == "unreachable"


@pytest.mark.parametrize(("status", "told"), REFUSED)
async def test_what_is_refused_is_not_tried_again(
    site: DeskSite, status: int, told: str
) -> None:
    site.world.mishaps.append(Mishap(kind="answer", method="POST", status=status))
    assert why(await site.desk.open(NEW)) == told
    assert site.world.count("POST") == 1 and not site.books()


async def test_a_limit_is_waited_for_when_it_is_short(site: DeskSite) -> None:
    short = Mishap(
        kind="answer", method="POST", status=429, headers={"Retry-After": "1"}
    )
    site.world.mishaps.append(short)
    there(await site.desk.open(NEW))
    assert site.clock.slept == [1.0] and len(site.books()) == 1


async def test_a_limit_that_lasts_is_told_as_such(site: DeskSite) -> None:
    for headers in ({"Retry-After": "60"}, {}):
        site.world.mishaps.append(
            Mishap(kind="answer", method="POST", status=429, headers=headers)
        )
        assert why(await site.desk.open(NEW)) == "busy"
    assert not site.books() and not site.clock.slept


async def test_trouble_with_reading_that_passes_is_not_noticed(site: DeskSite) -> None:
    opened = there(await site.desk.open(NEW))
    for kind in ("answer", "cut"):
        site.world.mishaps.append(Mishap(kind=kind, method="GET", status=503))
        assert await site.desk.read(opened.reference) == opened
        site.world.mishaps.append(Mishap(kind=kind, method="GET", status=503))
        assert await site.desk.find(NEW.key) == opened


@pytest.mark.parametrize("kind", ["silence", "cut", "answer"])
async def test_what_happened_unheard_is_found_and_not_asked_for_again(
    site: DeskSite, kind: str
) -> None:
    site.wait(2)  # the first looks do not find it yet
    lost = {
        "silence": Mishap(kind="silence", method="POST", done=True),
        "cut": Mishap(kind="cut", method="POST", done=True),
        "answer": Mishap(kind="answer", method="POST", done=True, status=504),
    }
    site.world.mishaps.append(lost[kind])
    opened = there(await site.desk.open(NEW))
    assert opened == await site.desk.find(NEW.key)
    assert site.world.count("POST") == 1 and len(site.books()) == 1


@pytest.mark.parametrize("status", [0, 500, 502, 201])
async def test_what_may_still_happen_is_called_neither_done_nor_not_done(
    site: DeskSite, status: int
) -> None:
    lost = (
        Mishap(kind="answer", method="POST", status=status, body={"odd": 1})
        if status
        else Mishap(kind="silence", method="POST")
    )
    site.world.mishaps.append(lost)
    with pytest.raises(SystemUnsureError):
        await site.desk.open(NEW)
    assert site.world.count("POST") == 1 and not site.books()


async def test_what_is_not_found_for_long_is_not_said_to_be_there(
    site: DeskSite,
) -> None:
    site.wait(99)
    if not isinstance(site.world, JiraStandIn):
        pytest.skip("what is written is found at once there")
    site.world.mishaps.append(Mishap(kind="cut", method="POST", done=True))
    with pytest.raises(SystemUnsureError):
        await site.desk.open(NEW)
    assert len(site.books()) == 1


async def test_a_comment_whose_answer_is_lost_is_not_written_again(
    site: DeskSite,
) -> None:
    opened = there(await site.desk.open(NEW))
    site.world.asked.clear()
    for lost in (
        Mishap(kind="cut", method=site.changes, done=True),
        Mishap(kind="answer", method=site.changes, status=502),
    ):
        site.world.mishaps.append(lost)
        with pytest.raises(SystemUnsureError):
            await site.desk.comment(opened.reference, "Third floor")
    assert site.world.count(site.changes) == 2
    assert site.books()[0].comments.count("Third floor") == 1


async def test_a_name_that_looks_like_a_mail_address_is_nobodys() -> None:
    async with DESKS["jira"]() as site:
        assert isinstance(site.world, JiraStandIn)
        site.world.people[MAYA] = ""  # hidden: found by other words of the profile
        assert why(await site.desk.open(NEW)) == "unknown"
        site.world.people["acc-other"] = HER_MAIL.upper()
        site.world.people[MAYA] = HER_MAIL
        assert why(await site.desk.open(NEW)) == "unknown"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"summary": True, "description": False}, "has no labels"),
        ({"summary": True, "description": True, "labels": False, "x": True}, "x"),
    ],
)
async def test_a_form_that_we_cannot_fill_in_is_found_by_the_check(
    form: dict[str, bool], told: str
) -> None:
    async with DESKS["jira"]() as site:
        assert isinstance(site.world, JiraStandIn)
        site.world.forms["10", "25"] = form
        said = await site.desk.check()
        assert isinstance(said, NotDone) and told in said.detail
        assert why(await site.desk.open(NEW)) == "refused"


async def test_rights_that_are_missing_are_found_by_the_check() -> None:
    async with DESKS["jira"]() as site:
        assert isinstance(site.world, JiraStandIn)
        site.world.agent = False
        said = await site.desk.check()
        assert isinstance(said, NotDone) and "on behalf" in said.detail
        assert why(await site.desk.open(NEW)) == "forbidden"
        site.world.agent = True
        del site.world.people["acc-bot"]
        assert why(await site.desk.check()) == "unknown", f"{BOT} finds nobody"


async def test_an_answer_to_a_query_that_was_cut_down_is_not_believed() -> None:
    async with DESKS["servicenow"]() as site:
        assert isinstance(site.world, ServiceNowStandIn)
        there(await site.desk.open(NEW))
        site.world.hidden.add("correlation_id")
        assert why(await site.desk.find("deskhand-2")) == "forbidden"
        assert why(await site.desk.check()) == "forbidden"
        site.world.hidden = {"email"}
        assert why(await site.desk.open(NEW)) == "forbidden"
        assert len(site.books()) == 1


async def test_what_would_run_as_a_script_is_not_sent() -> None:
    async with DESKS["servicenow"]() as site:
        script = replace(NEW, email="javascript:gs.getUserID()")
        assert why(await site.desk.open(script)) == "unknown"
        assert site.world.asked == []


async def test_a_mail_address_of_two_is_nobodys() -> None:
    async with DESKS["servicenow"]() as site:
        assert isinstance(site.world, ServiceNowStandIn)
        site.world.people["acc-double"] = HER_MAIL
        assert why(await site.desk.open(NEW)) == "unknown"


@pytest.mark.parametrize("odd", ["<!channel>", "a b", "x" * 41, "", 7])
async def test_an_odd_name_of_a_ticket_is_taken_for_none(odd: JsonValue) -> None:
    async with DESKS["jira"]() as site:
        body: JsonValue = {"issueKey": odd, "_links": {"web": "https://desk.example/1"}}
        site.world.mishaps.append(
            Mishap(kind="answer", method="GET", status=200, body=body)
        )
        assert why(await site.desk.read("DESK-1")) == "refused"
