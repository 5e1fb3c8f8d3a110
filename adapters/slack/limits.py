"""Slack's limits as data: every number that the adapter keeps to, and where it is from.

Sizes leave a margin to the documented ceiling, because Slack counts some characters
differently than we do. "Our choice" marks numbers that no document gives.
"""

# ------------------------------------------------------------------------- rates

# Slack counts each method by the minute, in tiers, and asks to design for "1 request
# per second for any given API call, knowing we'll allow it to go over this limit as
# long as this is only a temporary burst". So a minute's calls may come together, and
# no minute has more of them than its tier, less one: two clocks never agree exactly.
# Slack says nowhere how large a burst may be; the lane learns it from a 429.
# Source: https://docs.slack.dev/apis/web-api/rate-limits

MINUTE = 60.0

UPDATE_PER_MINUTE = 49
"""`chat.update` for the whole app in one workspace; tier 3 allows 50.

Source: https://docs.slack.dev/reference/methods/chat.update
"""
UPDATE_KEPT = 2
"""Of them, kept for locking cards and for last words that nobody could foresee (our
choice). What the turns that live need for their ends, the pacer keeps beside it."""

POST_PER_CHANNEL_PER_SECOND = 1.0
"""Messages into one channel, by whatever method.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""
POST_BURST = 5.0
"""Short bursts are allowed; their size is unpublished (our choice)."""
POST_PER_MINUTE = 299
"""Messages into one workspace; "several hundred" are documented, no number is. We take
it for 300.

Source: https://docs.slack.dev/reference/methods/chat.postMessage
"""
POST_KEPT = 10
"""Of them, kept for requests to decide, which nobody can foresee (our choice)."""

STREAM_OPENS_PER_MINUTE = 18
"""`chat.startStream`; tier 2 allows 20. Fewer than stops: nothing may stay open.

Source: https://docs.slack.dev/reference/methods/chat.startStream
"""
STREAM_APPENDS_PER_MINUTE = 99
"""`chat.appendStream`; tier 4 allows 100.

Source: https://docs.slack.dev/reference/methods/chat.appendStream
"""
STREAM_CLOSES_PER_MINUTE = 19
"""`chat.stopStream`; tier 2 allows 20.

Source: https://docs.slack.dev/reference/methods/chat.stopStream
"""
STREAM_CLOSES_KEPT = 1
"""Of them, kept for streams that nobody of this process opened (our choice). One for
each that is open, the pacer keeps beside it."""
STATUS_PER_MINUTE = 49
"""`agents.sessions.setStatus`; tier 3 allows 50.

Source: https://docs.slack.dev/ai/agent-sessions
"""

RETRY_AFTER = 30.0
"""Seconds to wait after a 429 that does not say how long (our choice)."""
POSTING_PAUSE = 60.0
"""Seconds to wait after ``rate_limited``, which chat methods answer in the body."""

QUOTA_PAUSE = 60.0
"""Seconds for which only approvals and finals are sent after
``message_limit_exceeded`` (our choice)."""

# ----------------------------------------------------------------------- streams

STREAM_LIFE = 240.0
"""Seconds until we close a stream. Slack ends it about 300 s after its start, however
busy it is, and shows an error below it.

Source: https://github.com/slackapi/python-slack-sdk/issues/1859 (undocumented)
"""
STREAM_CHARACTERS = 11_000
"""Of text and tasks in one stream; above about 12,000: ``msg_too_long`` (measured by
others, undocumented)."""
STREAM_TASKS = 45
"""Tasks of a plan; 50 are allowed.

Source: https://docs.slack.dev/reference/block-kit/blocks/plan-block
"""
STREAMS_REMEMBERED = 1_000
"""Open streams of one process (our choice; the rates allow about 80 at a time)."""
TASK_TEXT = 200
"""Characters of a task's title or details; 256 are allowed.

Source: https://docs.slack.dev/reference/methods/chat.startStream
"""
STATUS_PAUSE = 30.0
"""Seconds until a status that was not taken is said again (our choice)."""
SESSIONS_REMEMBERED = 2_000
"""Threads of which we know what Slack was told last (our choice); of one that is
forgotten it is told once more."""
STATUS_RESEND = 1_800.0
"""Seconds after which ``processing`` is said again: it ends by itself after an hour.

Source: https://docs.slack.dev/ai/agent-sessions
"""
ASSISTANT_RESEND = 90.0
"""The same for an assistant's own words, which end after two minutes.

Source: https://docs.slack.dev/reference/methods/assistant.threads.setStatus
"""

# ------------------------------------------------------------------------- sizes

BLOCKS = 50
"""Blocks of a message that has some of everything; so many are allowed.

Source: https://docs.slack.dev/reference/block-kit/blocks
"""
SECTION = 2900
"""Characters of a section's text; 3,000 are allowed.

Source: https://docs.slack.dev/reference/block-kit/blocks/section-block
"""
ACCOUNT = 2_500
"""Characters of one part of an account, beside its heading. Same source."""
FIELDS = 10
"""Fields of a section; each may have 2,000 characters. Same source."""
FIELD = 300
"""Characters of a fact's value (our choice; 2,000 are allowed)."""
LABEL = 60
"""Characters of a fact's label (our choice)."""
TABLE = 900
"""Characters of a card's table (our choice): with its steps no more than the facts that
they stand in the place of."""
TABLE_ROWS = 15
TABLE_COLUMNS = 5
TABLE_CELL = 40
FOLLOW = 80
"""Characters of one step to follow (our choice)."""
FOLLOWED = 10
"""Steps to follow of one card (our choice)."""
CONTEXT = 1900
"""Characters of one text in a context block; 2,000 are allowed.

Source: https://docs.slack.dev/reference/block-kit/blocks/context-block
"""
MARKDOWN = 11_000
"""Characters of all markdown blocks of a message together; 12,000 are allowed.

Source: https://docs.slack.dev/reference/block-kit/blocks/markdown-block
"""
MESSAGE = 13_000
"""Characters of a whole message that its text may fill up (our choice).

Slack answers ``msg_blocks_too_long`` above a size that it does not publish.
"""
MARKDOWN_FLOOR = 3_500
"""Characters that the text gets however much else there is to show (our choice).

A whole page of an answer, with every character escaped (`bot.view.pages.LARGEST`).
"""
BRACKETS = 400
LINES = 800
"""Of a page; with more, it is shown as it is written (our choice): reading it takes a
tenth of a second, and nobody writes such on purpose."""
FALLBACK = 150
"""Characters of ``text`` beside blocks; `chat.update` refuses more than 4,000.

Source: https://docs.slack.dev/reference/methods/chat.update
"""
PLAIN_MESSAGE = 3_500
"""Characters of a message without blocks, within the same 4,000."""
BUTTON_VALUE = 1_900
"""Characters of a button's value; 2,000 are allowed.

Source: https://docs.slack.dev/reference/block-kit/block-elements/button-element
"""
BLOCK_ID = 255
"""Characters of a block's name. Same source."""
REASON = 500
"""Characters of the reason for a rejection (our choice; 3,000 are allowed).

Source: https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
"""

# -------------------------------------------------------------------------- time

SIGNATURE_AGE = 300
"""Seconds a signed request stays acceptable.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""
BODY = 1_048_576
"""Bytes of a webhook that we read (our choice; Slack's are far smaller)."""
CALL_TIMEOUT = 15.0
"""Seconds for one Web API call, in all (our choice)."""
CONNECT_TIMEOUT = 5.0
"""Seconds to connect (our choice)."""
CLICK_TIMEOUT = 2.0
"""Seconds for a call made before a click is answered: Slack waits for 3.

Source: https://docs.slack.dev/interactivity/handling-user-interaction
"""
USER_CACHE = 3600.0
"""Seconds that a person's name and e-mail are believed (our choice)."""
HISTORY_LAG = 15.0
"""Seconds after which a post that history does not show was not made.

Our choice: Slack documents none; people who measured say 10 to 30.

Source: https://github.com/korotovsky/slack-mcp-server/issues/284 (history lags)
"""
HISTORY_SLACK = 60.0
"""Seconds before a post's intent from which history is searched: clocks differ."""
STREAM_SKEW = 5.0
"""The same for streams, which are told apart by their time (our choice)."""
HISTORY_PAGE = 200
"""Messages asked for at once.

Source: https://docs.slack.dev/reference/methods/conversations.replies
"""
HISTORY_PAGES = 5
"""Pages searched for a lost post before giving up (our choice)."""
