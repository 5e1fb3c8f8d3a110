"""Liveness, readiness, metrics, and how delivery is doing."""

from typing import Any

import structlog
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.engine.delivery import Delivery
from bot.engine.telemetry import Telemetry
from bot.errors import StoreUnavailableError
from bot.ports.store import Store

log = structlog.get_logger()


def health_routes(store: Store, telemetry: Telemetry) -> list[web.RouteDef]:
    """Return ``/healthz``, ``/readyz`` and ``/metrics``."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        try:
            async with store.begin("journal.read") as tx:
                await tx.now()
        except StoreUnavailableError as error:
            log.warning("ready.not", error=str(error), hint=error.hint)
            return web.Response(status=503, text="Postgres does not answer\n")
        return web.Response(text="ready\n")

    async def metrics(_request: web.Request) -> web.Response:
        body = generate_latest(telemetry.registry)
        headers = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        return web.Response(body=body, headers=headers)

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
    ]


def pacing_of(delivery: Delivery) -> dict[str, Any]:
    """Return what was sent and saved, and what every lane has left, as JSON."""
    tally = delivery.tally
    return {
        "sent": tally.sent,
        "saved": tally.saved,
        "throttled": tally.throttled,
        "lanes": [
            {"key": level.key, "left": level.left, "capacity": level.size}
            for level in delivery.lane_levels()
        ],
    }
