"""Counters of one process, for ``/metrics`` and the demo's strip."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Telemetry:
    """Every metric of the engine, in one registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "deskhand_events", "Events committed", registry=self.registry
        )
        self.commits = Counter(
            "deskhand_commits", "Group commits", registry=self.registry
        )
        self.deliveries = Counter(
            "deskhand_deliveries",
            "Webhook deliveries by what became of them",
            ["platform", "outcome"],
            registry=self.registry,
        )
        self.sends = Counter(
            "deskhand_sends",
            "Calls that change what people see",
            ["platform", "operation", "outcome"],
            registry=self.registry,
        )
        self.possible_doubles = Counter(
            "deskhand_possible_doubles",
            "Messages posted again where nobody can look for the first",
            ["platform"],
            registry=self.registry,
        )
        self.turns_live = Gauge(
            "deskhand_turns_live", "Turns with a task here", registry=self.registry
        )
        self.turns_ended = Counter(
            "deskhand_turns_ended", "Turns by ending", ["phase"], registry=self.registry
        )
        self.turns_degraded = Counter(
            "deskhand_turns_degraded",
            "Turns found with a damaged log",
            registry=self.registry,
        )
        self.turns_swept = Counter(
            "deskhand_turns_swept",
            "Conversations woken because a deadline passed unnoticed",
            registry=self.registry,
        )
        self.turns_compacted = Counter(
            "deskhand_turns_compacted",
            "Finished turns whose text was taken out of the log",
            registry=self.registry,
        )
        self.leases_lost = Counter(
            "deskhand_leases_lost", "Claims taken over", registry=self.registry
        )
        self.model_tokens = Counter(
            "deskhand_model_tokens",
            "Tokens that models read and wrote",
            ["model", "kind"],
            registry=self.registry,
        )
        self.budgets_reached = Counter(
            "deskhand_budgets_reached",
            "Questions that were not asked because a limit on spending was reached",
            ["limit"],
            registry=self.registry,
        )
        self.mcp_calls = Counter(
            "deskhand_mcp_calls",
            "Calls of MCP servers' tools by what became of them",
            ["server", "outcome"],
            registry=self.registry,
        )
        self.mcp_connected = Gauge(
            "deskhand_mcp_connected",
            "Whether an MCP server is connected",
            ["server"],
            registry=self.registry,
        )
        self.scim_requests = Counter(
            "deskhand_scim_requests",
            "Requests of identity providers by what became of them",
            ["about", "outcome"],
            registry=self.registry,
        )
        self.grants_ended = Counter(
            "deskhand_grants_ended",
            "Grants whose time was over, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.grants_overdue = Gauge(
            "deskhand_grants_overdue",
            "Grants that should have ended more than ten minutes ago",
            registry=self.registry,
        )
        self.first_visible = Histogram(
            "deskhand_first_visible_seconds",
            "From accepted message to its first visible answer",
            buckets=(0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4),
            registry=self.registry,
        )
