"""What is done to workers and to Postgres while several people's turns run.

Every fault meets the same crowd: six people with six different wishes, on two
workers. It waits until enough of it is under way, strikes, and lets the site go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field

from tests.crash.acts import ACTS
from tests.crash.blows import FULL_SECONDS
from tests.crash.campaign import APPROVERS
from tests.crash.checks import examine
from tests.crash.findings import Findings
from tests.crash.full_disk import Disk, full_disk
from tests.crash.nursery import Worker
from tests.crash.site import Site, company_in, site_on
from tests.crash.yard import Yard

CROWD = ("seat", "reset", "ticket", "laptop", "steer", "stop")
WORKERS = 2

_RUNNING = "SELECT count(*) FROM turn WHERE status = 'running'"
_OWNED = "SELECT count(*) FROM conversation WHERE worker_id = $1"


@dataclass(slots=True, kw_only=True)
class Struck:
    """How a fault went."""

    fault: str
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0
    notes: dict[str, float | str] = field(default_factory=dict[str, float | str])
    """What shows that it was a fault at all."""

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be.

        Any fault may lose the answer to a post, so copies in Teams are not held
        against it.
        """
        found = self.findings
        return [*found.wrong, *found.unreported, *found.given_up]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a fault strikes."""

    yard: Yard
    site: Site
    struck: Struck
    disk: Disk | None


Strike = Callable[[Scene], Awaitable[None]]


async def kill(scene: Scene) -> None:
    """SIGKILL to the worker that owns most."""
    victim = await _busiest(scene.site)
    victim.kill()
    await victim.ended.wait()
    scene.struck.notes["status"] = victim.status or 0


async def zombie(scene: Scene) -> None:
    """SIGSTOP past the lease; SIGCONT when others own what it had."""
    site = scene.site
    victim = await _busiest(site)
    scene.struck.notes["conversations"] = await site.count(_OWNED, victim.worker_id)
    victim.pause()

    async def taken_over() -> bool:
        return await site.count(_OWNED, victim.worker_id) == 0

    await site.until(taken_over, "others take over")
    victim.go_on()


async def restart(scene: Scene) -> None:
    """Postgres is shut down at once, and is back 2 s later."""
    await scene.yard.restart()


async def cut(scene: Scene) -> None:
    """Every connection of one worker is cut."""
    victim = await _busiest(scene.site)
    url = scene.site.play.database_url
    scene.struck.notes["connections"] = await scene.yard.cut(victim.role, url)


async def disk(scene: Scene) -> None:
    """There is no room for events on the disk, for 4 s."""
    assert scene.disk, "it was made for this"
    log = scene.site.folder / "workers.log"

    async def refused() -> bool:
        return "log.unavailable" in await asyncio.to_thread(log.read_text, "utf-8")

    scene.struck.notes["how"] = scene.disk.how
    await scene.disk.fill()
    await scene.site.until(refused, "the log is refused")
    await scene.site.clock.sleep(FULL_SECONDS)
    await scene.disk.free()


async def drain(scene: Scene) -> None:
    """SIGTERM to the worker that owns most."""
    victim = await _busiest(scene.site)
    victim.terminate()
    await victim.ended.wait()
    assert victim.status == 0, f"it ended with status {victim.status}"
    scene.struck.notes["status"] = victim.status


FAULTS: Mapping[str, Strike] = {
    "kill": kill,
    "zombie": zombie,
    "restart": restart,
    "cut": cut,
    "disk": disk,
    "drain": drain,
}


async def suffer(yard: Yard, fault: str) -> Struck:
    """Let a crowd's turns run, strike in the middle, and look at what is left."""
    struck = Struck(fault=fault)
    folder = yard.folder / f"fault-{fault}"
    folder.mkdir()
    started = yard.clock.monotonic()
    async with AsyncExitStack() as stack:
        url = await yard.database()
        room = full_disk(yard, url) if fault == "disk" else nullcontext()
        disk = await stack.enter_async_context(room)
        site = await stack.enter_async_context(
            site_on(url, folder, yard.nursery, bots_company_file=company_in(folder))
        )
        site.man(WORKERS)
        await site.opened()
        for person in APPROVERS:
            await site.play.stage.teams.install(person)
        scene = Scene(yard=yard, site=site, struck=struck, disk=disk)
        async with asyncio.TaskGroup() as tasks:
            for act in CROWD:
                tasks.create_task(ACTS[act].play(site))
            await site.until(lambda: _under_way(site), "turns run")
            await FAULTS[fault](scene)
        await site.quiet()
        struck.findings = await examine(site)
    struck.seconds = yard.clock.monotonic() - started
    return struck


async def _under_way(site: Site) -> bool:
    return await site.count(_RUNNING) >= len(CROWD) // 2


async def _busiest(site: Site) -> Worker:
    """Return the worker that owns most conversations."""
    owned = {
        worker.pid: await site.count(_OWNED, worker.worker_id) for worker in site.living
    }
    return max(site.living, key=lambda worker: owned.get(worker.pid, 0))
