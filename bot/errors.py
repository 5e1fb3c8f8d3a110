"""Errors raised on purpose.

Every class answers three questions: what happened (the message, with the values
that matter in ``repr`` form), what to do next (``hint``), and may the caller try
again (``retryable``). Attributes carry the same facts for code; nobody parses
messages.

* `DeskhandError`
    * `ConfigError`: a setting or the company file is wrong
    * `PortInUseError`: somebody listens there already
    * `SequenceGapError`: the log has a hole
    * `LeaseLostError`: another worker owns the conversation
    * `SupersededError`: somebody was faster
    * `EffectVoidedError`: a key was settled before its effect happened
    * `StoreUnavailableError`: Postgres does not answer
    * `StoreRefusedError`: Postgres does not take what is to be written
    * `UnverifiedError`: a request is not from whom it claims to be
    * `MalformedError`: a request cannot be understood
    * `ModelError`: a language model refused or failed
        * `QuestionTooLongError`: it cannot read, or answer, so much at once
    * `PlatformError`: a chat platform refused or failed
        * `RateLimitedError`
            * `QuotaSpentError`: the whole workspace has said too much
        * `MessageGoneError`
            * `MessageLockedError`: it stands, but cannot be changed
        * `ContentRefusedError`: what we made cannot be shown, not even as plain text
        * `PlaceClosedError`: nothing can be shown there any more
        * `AccessRefusedError`: the installation is not valid any more
        * `PermissionMissingError`: the installation lacks a right
        * `StillStreamingError`, `StreamRefusedError`, `StreamOverError`,
          `StoppedByPersonError`: about native streams
        * `AmbiguousSendError`: it may or may not have happened
"""

from collections.abc import Sequence
from typing import ClassVar


class DeskhandError(Exception):
    """Base of all errors raised on purpose."""

    hint: ClassVar[str] = ""
    """What the reader of the log should do; one imperative sentence."""
    retryable: ClassVar[bool] = False
    """Whether the same call may succeed later without anybody changing anything."""


class ConfigError(DeskhandError):
    """Settings or the company file are wrong; all problems at once."""

    hint = "Correct every line listed, then start again."

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{source} is not usable:\n{listed}")
        self.source = source
        self.problems = tuple(problems)


class PortInUseError(DeskhandError):
    """Something listens there already; nothing was started."""

    hint = "Stop it, or choose another with --port."

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is in use")
        self.host = host
        self.port = port


class SequenceGapError(DeskhandError):
    """An event came before the one that precedes it."""

    hint = "Reload the turn from the log."

    def __init__(self, turn_id: str, *, expected: int, got: int) -> None:
        super().__init__(f"turn {turn_id}: expected seq {expected}, got {got}")
        self.turn_id = turn_id
        self.expected = expected
        self.got = got


class LeaseLostError(DeskhandError):
    """Another worker claimed the conversation while this one was busy."""

    hint = "Drop local progress; the new owner continues from the log."

    def __init__(self, conversation_id: str, *, fence: int) -> None:
        super().__init__(
            f"conversation {conversation_id}: fence {fence} is no longer current"
        )
        self.conversation_id = conversation_id
        self.fence = fence


class SupersededError(DeskhandError):
    """Somebody was faster; what was about to be written is not true any more."""

    hint = "Nothing to do: the news about it is in the mailbox."


class EffectVoidedError(DeskhandError):
    """The call was settled as "did not happen" before it had its effect.

    Raised in whoever comes too late, such as a worker that was paused for longer than
    its lease. Nothing was written.
    """

    hint = "Nothing to do: the requester was told that it did not happen."

    def __init__(self, key: str) -> None:
        super().__init__(f"the effect key {key!r} is void")
        self.key = key


class SystemUnsureError(DeskhandError):
    """A system outside was asked for an effect, and nobody can tell what came of it."""

    hint = "Look in that system; Deskhand looks once more, and opens a ticket."

    def __init__(self, system: str, detail: str) -> None:
        super().__init__(f"{system}: {detail}")
        self.system = system


class StoreUnavailableError(DeskhandError):
    """Postgres did not answer; nothing was written."""

    hint = "Check DATABASE_URL and that Postgres is up; the platform redelivers."
    retryable = True


class StoreRefusedError(DeskhandError):
    """Postgres refused what was to be written; nothing was."""

    hint = "This is a mistake of ours or a schema of another release; report it."


class UnverifiedError(DeskhandError):
    """A request is not from whom it claims to be. Nothing was stored."""

    hint = "Check the signing secret or app id; if they are right, drop it."


class MalformedError(DeskhandError):
    """A verified request cannot be understood. Nothing was stored."""

    hint = "Compare the payload with the platform's documentation."


class ModelError(DeskhandError):
    """A language model refused or failed."""

    hint = "Check ANTHROPIC_API_KEY, the model's name and the provider's status."

    def __init__(
        self, message: str, *, transient: bool, retry_after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.transient = transient
        """Whether asking again may help."""
        self.retry_after = retry_after
        """Seconds before that."""


class QuestionTooLongError(ModelError):
    """Question and reply are together more than the model's context window."""

    hint = "It is asked once more in fewer words; if frequent, lower [tools] limit."

    def __init__(self, message: str) -> None:
        super().__init__(message, transient=False)


class PlatformError(DeskhandError):
    """A chat platform refused or failed."""

    hint = "Look the code up in the platform's error table."

    def __init__(self, platform: str, code: str, detail: str = "") -> None:
        super().__init__(
            f"{platform} answered {code!r}{': ' if detail else ''}{detail}"
        )
        self.platform = platform
        self.code = code
        """The platform's own error code, e.g. ``channel_not_found``."""


class RateLimitedError(PlatformError):
    """The platform asked us to slow down. The call had no effect."""

    hint = "Wait; the pacer does."
    retryable = True

    def __init__(self, platform: str, *, retry_after: float) -> None:
        super().__init__(platform, "ratelimited", f"next in {retry_after:g} s")
        self.retry_after = retry_after
        """Seconds until the next request may succeed."""


class QuotaSpentError(RateLimitedError):
    """The workspace has used up its messages, whoever sent them: finals only."""

    hint = "Ask who else posts that much; progress rests meanwhile."


class MessageGoneError(PlatformError):
    """There is nothing left to edit: deleted, or no longer editable."""


class MessageLockedError(MessageGoneError):
    """The message stands, but cannot be changed any more: post a new one."""


class ContentRefusedError(PlatformError):
    """What we made is not shown, not even as plain text; the same will not be later."""

    hint = "This is a mistake of ours in rendering; report it with the log line."


class PlaceClosedError(PlatformError):
    """Nothing can be shown there any more; its people may be reached directly."""

    hint = "Invite the bot there again, or let people write to it directly."


class AccessRefusedError(PlatformError):
    """The installation is not valid any more: nothing works anywhere until it is."""

    hint = "Install the app again and give Deskhand the new credentials."


class PermissionMissingError(PlatformError):
    """The installation lacks a right; the message says which."""

    hint = "Grant what is needed, then install the app again."


class StillStreamingError(PlatformError):
    """The message still grows by itself and cannot be edited: close its stream first."""

    retryable = True


class StreamRefusedError(PlatformError):
    """A message cannot be streamed there; it can be posted and edited."""


class StreamOverError(PlatformError):
    """The stream has ended, by its age or otherwise; the message can be edited."""


class StoppedByPersonError(PlatformError):
    """Somebody pressed the platform's own Stop button on a streaming message."""


class NeedlessError(PlatformError):
    """Nothing was sent: what the message would lead to is there already."""

    def __init__(self, platform: str) -> None:
        super().__init__(platform, "Needless", "the answer is there without it")


class AmbiguousSendError(PlatformError):
    """Timeout, reset or 5xx: the send may or may not have happened."""

    hint = "Look before posting again; an edit may simply be repeated."
    retryable = True
