"""What a transaction can do, one protocol per aggregate. See `bot.ports.store`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.company.model import Person
from bot.pacing.shares import LaneAccount
from bot.ports.rows import (
    ApprovalRow,
    ApprovalStatus,
    Claim,
    Claimed,
    DecisionRow,
    Mail,
    SurfaceRow,
)
from bot.ports.surface import Receipt
from bot.protocol.ids import (
    ApprovalId,
    ConversationId,
    PersonId,
    PlatformName,
    SurfaceId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address, UserRef
from bot.protocol.values import Usage, Verdict
from bot.turn.state import Approval


class Conversations(Protocol):
    """Who owns a conversation."""

    async def claim_conversations(
        self, *, worker_id: str, lease: timedelta, generation: int, most: int
    ) -> Claimed:
        """Take the conversations that have been due longest, of those nobody holds.

        Args:
            worker_id: Who takes them.
            lease: After this they are anybody's again, unless `heartbeat` extends it.
            generation: Conversations that need a newer one are passed over.
            most: How many are taken at most; the rest is for others.
        """
        ...

    async def heartbeat(
        self, claims: Sequence[Claim], lease: timedelta
    ) -> dict[ConversationId, int]:
        """Extend the leases; return the conversations that are still held.

        Each with the number of the newest mail that was ever delivered to it, consumed
        or not: who has read it up to there need not look again.
        """
        ...

    async def release(
        self,
        claim: Claim,
        next_due: datetime | None,
        *,
        delay: timedelta = timedelta(0),
        rest: timedelta = timedelta(0),
    ) -> bool:
        """Give the conversation up; from here on the claim writes nothing.

        With mail left it is due again at once (after ``delay``) and others are woken;
        without, at ``next_due`` (but not within ``rest``), or with the next mail.

        Returns:
            False if somebody else had it already; then nothing changed.
        """
        ...

    async def require_generation(self, claim: Claim, generation: int) -> None:
        """Let only workers of at least this generation claim the conversation.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def fence_ok(self, claim: Claim) -> bool:
        """Return whether the claim is valid now; it may not be a moment later."""
        ...

    async def sweep(self, grace: timedelta, limit: int) -> list[ConversationId]:
        """Wake conversations with a turn whose deadline passed ``grace`` ago.

        One that nobody holds becomes due. One whose owner has had it for ``grace``
        and more is taken from that owner: its fence grows, and it is due.
        """
        ...


class Mailbox(Protocol):
    """What was delivered and not yet consumed."""

    async def first_time(
        self,
        tenant: TenantId,
        *,
        delivery_id: str,
        said_key: str,
        platform: PlatformName,
    ) -> bool:
        """Note the delivery; return False if it, or what it says, came before.

        A twin in another transaction waits here until this one has ended.
        """
        ...

    async def receive(
        self,
        tenant: TenantId,
        *,
        delivery_id: str,
        said_key: str,
        address: Address,
        kind: str,
        body: str,
        met: PersonId | None,
    ) -> bool:
        """Put what somebody said into their conversation, the first time it comes.

        `first_time`, `deliver` and, for who was met alone there, `remember_address`, at
        once: a webhook waits for it.

        Args:
            tenant: Whose conversation it is.
            delivery_id: The platform's id of the call.
            said_key: What was said, whatever the id.
            address: Where it was said.
            kind: What the document is, for who reads it.
            body: The JSON document.
            met: Whose address it is; ``None``: nobody's alone, or nobody we know.

        Returns:
            False if it came before; then nothing changed.
        """
        ...

    async def forget_deliveries(self) -> int:
        """Forget names that no platform repeats any more; return how many."""
        ...

    async def deliver(
        self,
        tenant: TenantId,
        conversation_id: ConversationId,
        address: Address | None,
        kind: str,
        body: str,
    ) -> int:
        """Put a JSON document into a conversation and return its number.

        The conversation is made if it is new, and is due.
        """
        ...

    async def notify(self, tenant: TenantId, conversation_id: ConversationId) -> None:
        """Wake whoever should look at the conversation, when this commits."""
        ...

    async def read_mail(self, claim: Claim) -> list[Mail]:
        """Return what the conversation has not consumed, oldest first."""
        ...

    async def consume(self, claim: Claim, *mail_seqs: int) -> int:
        """Remove mail, in any order, and return how much is left.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was removed.
        """
        ...


class Approvals(Protocol):
    """Requests for a decision, and the decisions."""

    async def save_approval(
        self, claim: Claim, turn_id: TurnId, approval: Approval
    ) -> bool:
        """Write the approval as the log has it: new, or changed.

        Returns:
            False if somebody was faster: it is not open any more, or already further.
        """
        ...

    async def lock_approval(
        self, tenant: TenantId, approval_id: ApprovalId
    ) -> ApprovalRow | None:
        """Return the approval and keep it as it is until the transaction ends.

        Its conversation is locked before it, as whoever appends locks it first.
        """
        ...

    async def record_decision(
        self,
        tenant: TenantId,
        approval_id: ApprovalId,
        *,
        stage: int,
        person_id: PersonId,
        name: str,
        verdict: Verdict,
        reason: str,
        said_key: str,
        at: datetime,
    ) -> bool:
        """Write down what a person said at a stage; False if they had already."""
        ...

    async def decisions_of(
        self, tenant: TenantId, approval_id: ApprovalId
    ) -> list[DecisionRow]:
        """Return who decided what so far, in order."""
        ...

    async def settle_approval(
        self,
        tenant: TenantId,
        approval_id: ApprovalId,
        *,
        status: ApprovalStatus,
        stage: int,
        expires_at: datetime,
    ) -> bool:
        """Say what a decision made of a locked approval; False if it was not open."""
        ...


class Surfaces(Protocol):
    """Messages on the platforms: intended, posted, shown."""

    async def record_intent(
        self,
        claim: Claim,
        *,
        surface_id: SurfaceId,
        turn_id: TurnId,
        role: str,
        person_id: PersonId,
        address: Address,
    ) -> datetime:
        """Say that the surface is about to be posted; return when, the store's time.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def record_shown(
        self,
        claim: Claim,
        *,
        surface_id: SurfaceId,
        digest: str,
        seq: int,
        receipt: Receipt | None = None,
        closed: bool = False,
        error: str = "",
    ) -> None:
        """Say what the surface shows now; ``seq`` never goes back.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def load_surfaces(
        self, tenant: TenantId, turn_id: TurnId
    ) -> list[SurfaceRow]:
        """Return the turn's surfaces, in a stable order."""
        ...

    async def turn_showing(
        self, tenant: TenantId, conversation: ConversationId, messages: Sequence[str]
    ) -> TurnId | None:
        """Return the oldest open turn of which one of these messages shows a part."""
        ...


class ModelUse(Protocol):
    """What turns have used of language models."""

    async def lock_use(self, tenant: TenantId) -> None:
        """Let no other transaction pass here before this one ends.

        Whoever looks at what was used, and adds to it if there is something left, does
        so after this: two that look at once would both find the same left.
        """
        ...

    async def save_use(
        self,
        claim: Claim,
        turn_id: TurnId,
        used: Mapping[str, Usage],
        *,
        requester: PersonId,
        started_at: datetime,
    ) -> None:
        """Write what a turn has used so far, by model, in place of what was written.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def used_since(
        self,
        tenant: TenantId,
        since: datetime,
        *,
        besides: TurnId,
        requester: PersonId | None = None,
    ) -> dict[str, Usage]:
        """Return what turns that began ``since`` then have used, by model.

        Args:
            tenant: Whose turns.
            since: From when on.
            besides: A turn that is left out.
            requester: Whose turns; ``None``: everybody's.
        """
        ...


class Budgets(Protocol):
    """What replicas have used of the platforms' budgets."""

    async def lock_budgets(
        self, tenant: TenantId, lanes: Sequence[str]
    ) -> dict[str, LaneAccount]:
        """Return the lanes' accounts, and keep them until the transaction ends.

        A lane that nobody has used yet has an empty one.
        """
        ...

    async def save_budgets(
        self, tenant: TenantId, accounts: Mapping[str, LaneAccount]
    ) -> None:
        """Write accounts that `lock_budgets` returned in this transaction."""
        ...


class People(Protocol):
    """Who is who on the platforms, and where they are reached."""

    async def tenant_of(
        self, platform: PlatformName, workspace: str
    ) -> TenantId | None:
        """Return whose workspace it is."""
        ...

    async def recognise(self, user: UserRef) -> tuple[TenantId | None, Person | None]:
        """Return whose workspace it is, and the active person with this id there."""
        ...

    async def workspace_of(self, tenant_id: TenantId, platform: PlatformName) -> str:
        """Return the tenant's first workspace on the platform; empty: none."""
        ...

    async def find_by_platform(
        self, tenant_id: TenantId, user: UserRef
    ) -> Person | None:
        """Return the active person with this id on the platform."""
        ...

    async def link_platform_user(
        self, tenant_id: TenantId, user: UserRef
    ) -> Person | None:
        """Match a user by e-mail with the one active person who has it, for good."""
        ...

    async def remember_address(
        self, tenant_id: TenantId, person_id: PersonId, address: Address
    ) -> None:
        """Note where the person was met last on the address's platform."""
        ...

    async def address_of(
        self, tenant_id: TenantId, person_id: PersonId, platform: PlatformName
    ) -> Address | None:
        """Return where the person was met last on the platform, if ever."""
        ...
