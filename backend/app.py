"""The whole process on one screen: what runs in the one nursery, and in which order it ends.

The composition root: the only module that knows all the others.
"""

import os
from dataclasses import dataclass, replace
from functools import partial

import trio

from backend.config import PACKAGE, Settings, frontend_folder
from backend.journal.journal import MakeJournal
from backend.journal.memory import MemoryJournal
from backend.journal.sqlite import SqliteJournal
from backend.net.assets import Asset, Assets
from backend.net.backstage import Backstage
from backend.net.door import FrontDoor, Handles
from backend.net.doorkeeper import Doorkeeper
from backend.net.gateway import Gateway
from backend.net.hub import Hub
from backend.net.introduction import Introductions
from backend.net.keepalive import keep_alive
from backend.net.listen import EVERYWHERE, listen
from backend.net.pulse import Pulse
from backend.net.site import Site, make_app
from backend.net.status import StatusLine
from backend.net.tcp import TelnetDoor
from backend.net.theatre import Theatre
from backend.net.tls import Tls
from backend.net.tunnel import Tunnel
from backend.net.watch import Watch
from backend.net.watchers import Watchers
from backend.net.websocket import ping_every

DRAIN_SECONDS = 7.0
"""How long people may take to leave once told: with what comes after, below the 10 s promised."""

FLUSH_SECONDS = 1.5
"""How long a slow disk may take over what was said last; likewise."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Where the doors really are; a port is None where there is no such door.

    ``is_secure`` tells whether the port of the page speaks TLS.
    """

    host: str
    port: int
    telnet_port: int | None = None
    telnet_tls_port: int | None = None
    is_secure: bool = False

    @property
    def page_url(self) -> str:
        """The address of the page, as this machine would open it."""
        return f"{'https' if self.is_secure else 'http'}://{self.at(self.port)}/"

    def at(self, port: int) -> str:
        """Host and port, as URLs have them."""
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    def page(self, assets: Assets) -> Asset:
        """The page, telling where telnet is."""
        return assets.page("" if self.host in EVERYWHERE else self.host, self.telnet_port)


async def serve(
    settings: Settings,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[Bound] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run the room until ``stop`` is set and everybody has been shown out.

    Raises:
        StartError: a port could not be had (inside an exception group, being a nursery's).
        JournalError: the log could not be had (likewise).
    """
    hub = Hub(
        limits=settings.limits,
        operator_secret=settings.operator_secret,
        make_journal=_make_journal(settings),
    )
    journal = hub.chronicle.journal
    doorkeeper = Doorkeeper(settings.limits, settings.trusted_proxies)
    hub.chronicle.came_elsewhere = doorkeeper.came_elsewhere
    pulse = Pulse()
    watch = Watch(hub, doorkeeper, pulse)
    assets = Assets(frontend_folder())
    tls = Tls(settings.certificate) if settings.certificate else None
    introductions = Introductions(doorkeeper) if settings.telnet_proxy_protocol else None
    bound = Bound(settings.host, 0, is_secure=tls is not None)
    site = Site(make_app(assets, lambda: bound.page(assets), watch.health, watch.metrics))
    ping = ping_every(settings.ping_seconds)
    gateways: dict[bytes, Handles] = {b"/ws": Gateway(hub, ping), b"/telnet": Tunnel(hub, ping)}
    front = FrontDoor(gateways, site, doorkeeper, settings.allowed_origins, tls)
    theatre = Theatre(hub)
    watchers = Watchers(hub, theatre.acts)
    stage = theatre if settings.theatre else None
    hub.backstage = Backstage(hub, watchers, stage, PACKAGE).obey

    async with trio.open_nursery() as house:
        await house.start(hub.chronicle.keep, name="journal")
        doorkeeper.key = lambda: bytes.fromhex(journal.key)  # another after starting over
        house.start_soon(hub.postman.run, name="postman")
        house.start_soon(hub.keep_time, name="crier")
        house.start_soon(keep_alive, hub, name="keepalive")
        house.start_soon(pulse.run, name="pulse")
        house.start_soon(watchers.run, name="watchers")
        house.start_soon(theatre.run, name="theatre")
        await house.start(site.run, name="web site")
        if settings.terminal is not None:
            show = partial(os.write, settings.terminal)
            size = partial(os.get_terminal_size, settings.terminal)
            house.start_soon(StatusLine(hub, show, size).run, name="status line")

        async with trio.open_nursery() as listening:
            host, start = settings.host, partial(listening.start, partial(listen, handlers=house))
            port = await start(front.handle, host, settings.port, name="front door")
            bound = replace(bound, port=port)
            if (port := settings.telnet_port) is not None:
                telnet = TelnetDoor(hub, doorkeeper, bound.page_url, None, introductions)
                port = await start(telnet.handle, host, port, name="telnet door")
                bound = replace(bound, telnet_port=port)
            if tls is not None and (port := settings.telnet_tls_port) is not None:
                telnet = TelnetDoor(hub, doorkeeper, bound.page_url, tls, introductions)
                port = await start(telnet.handle, host, port, name="telnet TLS door")
                bound = replace(bound, telnet_tls_port=port)
            task_status.started(bound)

            await stop.wait()
            listening.cancel_scope.cancel()

        with trio.move_on_after(DRAIN_SECONDS):
            for door in (front, introductions, tls):
                if door is not None:
                    door.close()
            await hub.close()
            await doorkeeper.nobody_left()
        with trio.move_on_after(FLUSH_SECONDS):
            await journal.flush()
        house.cancel_scope.cancel()


def _make_journal(settings: Settings) -> MakeJournal:
    if settings.redis_url is not None:
        # Not at the top: those who want none of it need not install it.
        from backend.journal.redis import RedisJournal

        return partial(RedisJournal, settings.redis_url, settings.limits.grace)
    if settings.history is None:
        return MemoryJournal
    return partial(SqliteJournal, settings.history, settings.history_limit)
