"""Requests to a system over HTTP: time limits, attempts, and what is known after them.

A request whose answer was lost, or was a 5xx (a gateway's, say, that gave up waiting),
may still be carried out: that doubt stays with what is returned, whatever later attempts
bring. What must not be carried out twice is not sent again then.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import quote

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout
from pydantic import JsonValue
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
)

from bot.clock import Clock
from bot.ports.systems import NotDone

ATTEMPTS = 2
ATTEMPT_SECONDS = 4.0
"""Two attempts must fit into the 10 s in which the engine has a call looked after."""
LONGEST_WAIT = 1.0
"""Seconds that a system may ask us to wait and still be asked again at once."""
MOST_DETAIL = 300
"""Characters of a system's own words that are kept."""
FAILING = 500
"""From this status on, the system has trouble; it may have done what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a system answered in the end."""

    status: int
    headers: Mapping[str, str]
    body: JsonValue
    doubt: bool = False
    """Whether an attempt that brought nothing may still be carried out."""

    def text(self, key: str) -> str:
        """Return a text of the body, or ""."""
        value = self.body.get(key) if isinstance(self.body, dict) else None
        return value if isinstance(value, str) else ""

    @property
    def wait(self) -> float | None:
        """Seconds to wait as the system says; ``None``: it does not say."""
        said = self.headers.get("retry-after", "")
        return float(said) if said.isdecimal() else None


class NoAnswerError(Exception):
    """No attempt was answered."""

    def __init__(self, detail: str, *, doubt: bool) -> None:
        super().__init__(detail)
        self.doubt = doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sends requests to any system."""

    session: ClientSession
    """Without a base URL."""
    clock: Clock
    """For the pauses between attempts."""
    seconds: float = ATTEMPT_SECONDS
    """For one attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A way to one system.

    Args:
        sender: Sends.
        url: Of the API, without a slash at the end.
        headers: Sent with every request, the credentials among them.
        is_limit: Whether an answer means that we ask too much.
    """

    sender: Sender
    url: str
    headers: Callable[[], Awaitable[Mapping[str, str]]]
    is_limit: Callable[[Answer], bool]

    async def ask(
        self, method: str, path: str, json: JsonValue = None, *, once: bool = False
    ) -> Answer:
        """Send a request, and again where that may help.

        Args:
            method: The HTTP method.
            path: With the query.
            json: The body.
            once: Whether it must not be carried out twice: then it is sent again only
                where it certainly was not carried out.

        Raises:
            NoAnswerError: There was none.
        """
        doubts: list[str] = []

        async def attempt() -> Answer:
            try:
                answer = await self._once(method, path, json)
            except ClientConnectorError as error:
                raise NoAnswerError(str(error), doubt=False) from error
            except (ClientError, TimeoutError) as error:
                doubts.append(repr(error))
                raise NoAnswerError(repr(error), doubt=True) from error
            if answer.status >= FAILING:
                doubts.append(str(answer.status))
            return answer

        attempts = AsyncRetrying(
            sleep=self.sender.clock.sleep,
            wait=_wait,
            stop=stop_after_attempt(ATTEMPTS),
            retry=retry_if_exception(lambda error: _may_help(error, once=once))
            | retry_if_result(lambda answer: self._may_pass(answer, once=once)),
            retry_error_callback=_last,
        )
        try:
            answer = cast("Answer", await attempts(attempt))
        except NoAnswerError as error:
            raise NoAnswerError(str(error), doubt=bool(doubts)) from error
        return replace(answer, doubt=bool(doubts))

    async def _once(self, method: str, path: str, json: JsonValue) -> Answer:
        async with self.sender.session.request(
            method,
            self.url + path,
            json=json,
            headers=await self.headers(),
            timeout=ClientTimeout(total=self.sender.seconds),
            allow_redirects=False,  # the credentials are for this address alone
        ) as response:
            try:
                body = cast("JsonValue", await response.json(content_type=None))
            except ValueError:
                body = None
            headers = {
                name.lower(): ", ".join(response.headers.getall(name))
                for name in response.headers
            }
            return Answer(status=response.status, headers=headers, body=body)

    def _may_pass(self, answer: Answer, *, once: bool) -> bool:
        if answer.wait is not None and answer.wait > LONGEST_WAIT:
            return False
        if self.is_limit(answer):
            return answer.wait is not None
        return answer.status >= FAILING and not once

    def not_done(self, answer: Answer, detail: str) -> NotDone:
        """Return what an answer that is not what was hoped for means."""
        detail = f"{answer.status} {detail}"[:MOST_DETAIL].strip()
        if self.is_limit(answer):
            return NotDone(why="busy", detail=detail)
        match answer.status:
            case 401:
                return NotDone(why="credentials", detail=detail)
            case 403:
                return NotDone(why="forbidden", detail=detail)
            case 404:
                return NotDone(why="unknown", detail=detail)
            case status if status >= FAILING:
                return NotDone(why="unreachable", detail=detail)
            case _:
                return NotDone(why="refused", detail=detail)


def in_path(text: str) -> str:
    """Return a name as one segment of a path; the company file has no ``.`` and ``..``."""
    assert text not in {".", ".."}, "these would be taken out of the path, unseen"
    return quote(text, safe="")


def _may_help(error: BaseException, *, once: bool) -> bool:
    return isinstance(error, NoAnswerError) and not (once and error.doubt)


def _wait(state: RetryCallState) -> float:
    outcome = state.outcome
    if outcome is None or outcome.failed:
        return 0.3
    answer = cast("Answer", outcome.result())
    return answer.wait if answer.wait is not None else 0.3


def _last(state: RetryCallState) -> object:
    """Return the last answer, or raise what there was instead."""
    assert state.outcome is not None, "asked after an attempt"
    return state.outcome.result()


def with_secret(sender: Sender, url: str, authorization: str) -> Wire:
    """Return a way to a system that takes one secret for ever, and says 429 for limits.

    Args:
        sender: Sends.
        url: Of the API, without a slash at the end.
        authorization: The header of that name.
    """
    headers = {
        "Accept": "application/json",
        "Authorization": authorization,
        "User-Agent": "Deskhand",
    }

    async def always() -> Mapping[str, str]:
        return headers

    return Wire(
        sender=sender,
        url=url,
        headers=always,
        is_limit=lambda answer: answer.status == 429,  # noqa: PLR2004
    )
