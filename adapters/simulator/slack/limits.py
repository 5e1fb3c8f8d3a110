"""Slack's documented limits, as data. Nothing here is enforced, only said.

Sources, unless a line names its own:

* rates: https://docs.slack.dev/apis/web-api/rate-limits and the page of each method,
  https://docs.slack.dev/reference/methods
* blocks: https://docs.slack.dev/reference/block-kit/blocks
* modals: https://docs.slack.dev/reference/views/modal-views
* interactivity: https://docs.slack.dev/interactivity/handling-user-interaction
* events: https://docs.slack.dev/apis/events-api
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

# ------------------------------------------------------------------------- rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``count`` calls a minute, and ``burst`` more if they stay an exception."""

    count: float
    burst: float = 0

    def times(self, factor: float) -> "Rate":
        """Return a rate ``factor`` times as generous."""
        return Rate(count=self.count * factor, burst=self.burst * factor)


def _tier(count: float) -> Rate:
    # "we'll allow it to go over this limit as long as this is only a temporary
    # burst"; the size is unpublished, a tenth is our guess.
    return Rate(count=count, burst=max(1, count // 10))


TIER_1, TIER_2, TIER_3, TIER_4 = _tier(1), _tier(20), _tier(50), _tier(100)

METHOD_RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "agents.sessions.setStatus": TIER_3,
        "api.test": TIER_4,
        "assistant.threads.setStatus": _tier(600),
        "auth.test": _tier(600),
        "chat.appendStream": TIER_4,
        "chat.delete": TIER_3,
        "chat.postEphemeral": TIER_4,
        "chat.startStream": TIER_2,
        "chat.stopStream": TIER_2,
        "chat.update": TIER_3,
        "conversations.history": TIER_3,
        "conversations.info": TIER_3,
        "conversations.open": TIER_3,
        "conversations.replies": TIER_3,
        "reactions.add": TIER_3,
        "reactions.remove": TIER_2,
        "team.info": TIER_3,
        "users.info": TIER_4,
        "users.lookupByEmail": TIER_3,
        "views.open": TIER_4,
        "views.update": TIER_4,
    }
)
"""Per method, workspace and app. ``chat.postMessage`` is counted per channel."""

POSTING_METHODS = frozenset({"chat.postMessage", "chat.startStream"})
"""Methods that put a message into a channel. Whether a stream's start counts as one
is not documented; counted, to be safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackLimits:
    """How many calls a workspace accepts."""

    methods: Mapping[str, Rate] = field(default_factory=lambda: METHOD_RATES)
    channel_posts_per_second: float = 1.0
    """"1 message per second per channel"."""
    channel_burst: float = 5.0
    """Posts accepted at once after a silence: "short bursts … are allowed"; the size
    is our guess."""
    workspace_posts: Rate = field(default_factory=lambda: _tier(300))
    """"Several hundred messages per minute"; the number is our guess."""
    page: int = 1_000
    """Messages that a page of history has at most."""

    def times(self, factor: float) -> "SlackLimits":
        """Return limits ``factor`` times as generous, for demos and tests."""
        return replace(
            self,
            methods={name: rate.times(factor) for name, rate in self.methods.items()},
            channel_posts_per_second=self.channel_posts_per_second * factor,
            channel_burst=max(1.0, self.channel_burst * factor),
            workspace_posts=self.workspace_posts.times(factor),
        )


DOCUMENTED = SlackLimits()
UNLISTED = SlackLimits(
    methods={
        **METHOD_RATES,
        "conversations.history": Rate(count=1),
        "conversations.replies": Rate(count=1),
    },
    page=15,
)
"""For an app that is sold outside Slack's Marketplace since 2025-05-29; a company's own
app keeps the usual limits. Source: https://docs.slack.dev/apis/web-api/rate-limits"""
UNLIMITED = DOCUMENTED.times(1e6)
"""Practically none, to measure the bot and not its waiting."""

# ---------------------------------------------------------------------- messages

POST_TEXT_KEPT = 40_000
"""Characters; the rest is cut off in silence. Source: chat.postMessage."""
UPDATE_TEXT = 4_000
"""Characters; above: ``msg_too_long``. Source: chat.update."""
MARKDOWN_TEXT = 12_000
"""Characters, over all markdown blocks of a payload. Source: markdown block."""
MESSAGE_BLOCKS = 50
TASK_TEXT = 256
"""Characters of a task's or plan's title, details and output, in one chunk.
Source: chat.startStream."""
STREAM_TEXT = 12_000
"""Characters of a streamed message's text and cards; above: ``msg_too_long``.
Undocumented; measured by others."""
METADATA_BYTES = 8_192
"""Unpublished; 8 KB is the number people report."""
ATTACHMENTS = 100

# ------------------------------------------------------------------------ blocks

SECTION_TEXT = 3_000
SECTION_FIELDS = 10
SECTION_FIELD_TEXT = 2_000
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
CONTEXT_TEXT = 2_000
ACTIONS_ELEMENTS = 25
CONTEXT_ACTIONS_ELEMENTS = 5
BLOCK_ID = 255
ACTION_ID = 255
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
URL = 3_000
OPTION_TEXT = 75
OPTION_VALUE = 150
OPTIONS = 100
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
IMAGE_ALT = 2_000
LABEL = 2_000
INPUT_TEXT = 3_000
PLACEHOLDER = 150
TABLE_ROWS = 100
TABLE_CELLS = 20
PLAN_TASKS = 50
CARD_TITLE = 150
CARD_BODY = 200
CAROUSEL_CARDS = 10
CONTAINER_BLOCKS = 10

# ------------------------------------------------------------------------ modals

MODAL_BLOCKS = 100
MODAL_TITLE = 24
PRIVATE_METADATA = 3_000
CALLBACK_ID = 255
VIEW_BYTES = 250_000
VIEWS_ON_A_STACK = 3

# ------------------------------------------------------------ deadlines, in seconds

ACK_SECONDS = 3.0
TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5
RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Before the first, second and third redelivery: "nearly immediately", after one
minute, after five."""
PROCESSING_SECONDS = 3_600.0
"""A session's ``processing`` falls back to ``active``.
Source: https://docs.slack.dev/ai/agent-sessions"""
STREAM_SECONDS = 300.0
"""A stream dies at this age, however busy. Undocumented.
Source: https://github.com/slackapi/python-slack-sdk/issues/1859"""
ASSISTANT_STATUS_SECONDS = 120.0
"""A thread's status clears itself. Source: assistant.threads.setStatus."""
HISTORY_KEPT = 120.0
"""How far back the stand-in remembers how messages looked; no limit of Slack's."""
HISTORY_LAG_SECONDS = 3.0
"""Reads do not see what was written just before; the lag is not documented."""
