"""What Teams and the Bot Framework allow, as data, each with its source.

``[rate]``  https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
``[fmt]``   https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages
``[codes]`` https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
``[auth]``  https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
``[stream]`` https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux
``[ours]``  our own choice, with the reason
"""

from bot.pacing.lanes import Window

# ------------------------------------------------------------------------- rates

CONVERSATION_WINDOWS = (
    Window(7, 1),
    Window(8, 2),
    Window(60, 30),
    Window(1800, 3600),
)
"""Sends per bot and conversation. [rate] ("for estimation only")

The page has no row of its own for updates, so they are counted here too.
"""
TENANT_WINDOW = Window(50, 1)
"""Requests per app and tenant. [rate]"""
MARGIN = 1
"""Operations kept unused in every window. [ours] Two clocks never agree exactly."""
RESERVE = 0.2
"""Share of a conversation's windows for approvals and finals. [ours]"""

RETRY_AFTER = 2.0
"""Seconds to wait after a 429 without ``Retry-After``. [ours] [codes] asks for back-off."""
CONFLICT_RETRY_AFTER = 0.5
"""Seconds to wait after a 412: somebody else wrote to the conversation. [codes]"""
UNREACHED_RETRY_AFTER = 2.0
"""Seconds to wait when no connection could be made: nothing was sent. [ours]"""
LONGEST_BACKOFF = 60.0
"""Seconds to wait at most for the next try when Teams does not say when. [ours]"""
JITTER = 0.25
"""Share by which such a pause is lengthened, at most. [ours] [codes] asks for some."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds; a longer ``Retry-After`` is taken for an error. [ours]"""

# ----------------------------------------------------------------------- streams

STREAM_WINDOW = Window(1, 1)
"""Requests per stream. [stream]"""
STREAM_MARGIN = 0.1
"""Seconds more between two requests of a stream. [ours] As `MARGIN`."""
STREAM_LIFE = 120.0
"""Seconds from its start for which a stream is let live. [stream] ("strict")"""
STREAM_OPEN = 95.0
"""Seconds after which we close it. [ours] Room for a slow last request and 429s."""
STREAM_THEN_EDIT = 1.0
"""Seconds that the end may take for the edit to follow it unasked. [ours] Whoever calls
has looked just before that the message is still its to change."""
STREAM_GONE = STREAM_LIFE + 10.0
"""Seconds after which Teams is sure to have ended a stream. [ours]"""
INFORMATIVE_CHARS = 250
"""Longest line that says what the bot is doing. [stream] 1 kB or 1,000 characters."""
STREAM_BYTES = 64 * 1024
"""Longest text that is streamed, in bytes of UTF-16. [ours] Cards take about that."""
TYPING_AFTER = 0.5
"""Seconds of silence before the bot is seen typing. [ours]"""
TYPING_EVERY = 4.0
"""Seconds until that is said again. [ours] Clients stop showing it soon after."""

# ------------------------------------------------------------------------- sizes

MESSAGE_BYTES = 80 * 1024
"""Largest message we send, in bytes of UTF-16. [fmt] Teams refuses at about 100 KB."""
CARD_VERSION = "1.5"
"""Newest Adaptive Card version of bot cards.

Source:
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""
TEXT_CHARS = 36_000
"""Most of an answer that one message shows. [ours] About all that fits."""
MARKS_PARSED = 2_000
LINES_PARSED = 1_500
"""Special characters and lines beyond which an answer is shown unformatted. [ours]

Parsing such text takes seconds, and nobody writes it on purpose.
"""
SUMMARY_CHARS = 150
"""Length of the notification's text. [ours] Longer ones are cut by clients."""
REASON_CHARS = 500
"""Length of the reason for a decision. [ours]"""
REQUEST_BYTES = 1024 * 1024
"""Largest body accepted on ``/api/messages``. [ours] Teams sends far less."""
ANSWER_BYTES = 256 * 1024
"""Largest answer read from a connector, token or key server. [ours]"""

# ------------------------------------------------------------------------- times

CLOCK_SKEW = 300.0
"""Seconds that a token's times may be off. [auth]"""
KEYS_MAX_AGE = 24 * 3600.0
"""Seconds after which the signing keys are fetched again. [auth]"""
KEYS_MIN_INTERVAL = 10.0
"""Least seconds between two fetches, whatever key ids strangers invent. [ours]"""
TOKEN_MARGIN = 300.0
"""Seconds before its expiry at which a token is replaced. [ours]"""
TOKEN_RETRY_AFTER = 5.0
"""Seconds for which a failed token request is not repeated. [ours]"""
CONNECT_TIMEOUT = 5.0
"""Seconds for a connection. [ours]"""
REQUEST_TIMEOUT = 15.0
"""Seconds for a whole request, as Teams itself gives bots. [ours]"""
APOLOGY_TIMEOUT = 3.0
"""Seconds for telling a person to send again; Teams waits about 15 in all. [ours]"""
MEMBER_MAX_AGE = 3600.0
"""Seconds for which a person's name and e-mail are remembered. [ours]"""
MEMBERS_REMEMBERED = 10_000
"""People whose name and e-mail are remembered. [ours]"""
CONVERSATIONS_REMEMBERED = 10_000
"""Conversations whose refusals, and streams whose numbers, are remembered. [ours]"""
