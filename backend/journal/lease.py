"""A node's place among those that share a log: entering, staying, leaving; and a log's beginning.

Whoever does not renew its lease is taken for dead by the others, and says nothing more: it has to
enter anew, as somebody else. Knows the server by its deeds only.
"""

import json
import logging
import secrets
from dataclasses import replace

import trio

from backend.journal.follower import Follower, Position
from backend.journal.journal import Memory
from backend.journal.server import Server

LEASE_SECONDS = 10.0
"""A node that is silent for longer is dead. Longer than any pause of a scheduler that is alive; and
within half of it every node is back when Redis is: one that hung is noticed in 3 s."""

RENEW_SECONDS = 2.0
"""So that a dead node's people are gone for the others within 12 s."""

PATIENCE_SECONDS = 1.0
"""How long a log that has gone waits to be begun anew, by whoever knows most of it; all of them
come back within half a second."""

REPAIR_SECONDS = 5.0
"""How long a damaged log is waited for: nodes that have followed it see it when they renew, and
begin it anew."""

SNAPSHOT_EVERY = 10_000
"""Entries: what a new node has to follow takes less than a second."""

KEPT_BEFORE = 10_000
"""Entries kept before a snapshot, for who lags behind."""


DAMAGED = "what it has of the room is damaged: delete its keys {playroom}:* to begin an empty one"

log = logging.getLogger("playroom")


class DamagedError(Exception):
    """There is a log, from which nobody gets a room."""


class FencedError(Exception):
    """The log goes on without this node."""


class Lease:
    """The place of one node.

    Args:
        follower: how far this node has followed the log.
        memory: what that has led to.
        grace: seconds that seats on a dead node are kept.

    Attributes:
        node: the node's name; another one each time it enters.
        key: a secret that all nodes share, made with the log.
    """

    def __init__(self, follower: Follower, memory: Memory, grace: float) -> None:
        self._follower = follower
        self._memory = memory
        self._grace = grace
        self.node = secrets.token_hex(4)
        self.key = secrets.token_hex(16)

    async def enter(self, server: Server) -> int:
        """Be a new node, with the room as it was at the last snapshot; how far there is to go.

        Raises:
            DamagedError: nobody can.
        """
        await self.leave(server)
        self.node = secrets.token_hex(4)
        too_late = trio.current_time() + REPAIR_SECONDS
        while (answer := await server.do("enter", self.node, _ms(LEASE_SECONDS)))[0] != "ok":
            if answer[0] == "none":
                await self._begin(server)
            elif trio.current_time() > too_late:
                raise DamagedError(DAMAGED)
            else:
                await trio.sleep(PATIENCE_SECONDS / 5)
        _, life, last, self.key, number, tag, data = answer
        try:
            kept = json.loads(data)
            self._follower.restore(Position(int(life), int(number), tag), kept)
            self._memory.restore(kept["room"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DamagedError(DAMAGED) from error
        return int(last)

    async def bury(self, server: Server) -> None:
        """Let those be gone who are on no node that there is: nobody else would say so."""
        life, peopled = self._follower.position.life, self._follower.peopled
        await server.do("bury", self.node, life, self._grace, *peopled)

    async def renew(self, server: Server) -> int:
        """Say that we are here, and look who is not; the number of the entry of the last snapshot.

        Raises:
            FencedError: it is too late for that.
        """
        while True:
            here = self._follower.position
            answer = await server.do(
                *("renew", self.node, _ms(LEASE_SECONDS)),
                *(here.life, here.number, here.tag, self._grace),
            )
            match answer:
                case ["ok", _, kept]:
                    return int(kept)
                case ["moved", life]:
                    if self._follower.position == here:
                        self._follower.position = replace(here, life=int(life))
                case ["none", why]:
                    log.warning("the log in Redis is begun anew: %s", why)
                    await self._begin(server)
                case _:
                    raise FencedError("the other nodes go on without this one")

    async def keep(self, server: Server) -> None:
        """Renew it for ever; and whoever finds that the room should be written down does it."""
        while True:
            await trio.sleep(RENEW_SECONDS)
            kept = await self.renew(server)
            if self._follower.position.number - kept >= SNAPSHOT_EVERY:
                await self._write_down(server)

    async def leave(self, server: Server) -> None:
        """Be no more; our people may come back elsewhere."""
        await server.do("end", self.node, self._grace, "")

    async def _write_down(self, server: Server) -> None:
        """Keep the room as it is now, and drop what came long before."""
        here = self._follower.position
        await server.do(
            *("snapshot", self.node, here.life, here.number, here.tag),
            *(self._snapshot(), KEPT_BEFORE),
        )

    async def _begin(self, server: Server) -> None:
        """There is no log (any more): wait until there is one, or begin it."""
        while True:
            here = self._follower.position
            waits = _ms(PATIENCE_SECONDS), _ms(RENEW_SECONDS)
            offered = await server.do("offer", self.node, here.number, *waits)
            if offered == ["ready"]:
                return
            if offered == ["seed"]:
                await self._seed(server)
                return
            await trio.sleep(PATIENCE_SECONDS / 5)

    async def _seed(self, server: Server) -> None:
        here = self._follower.position
        nodes = {self.node: 0, **self._follower.heard}
        await server.do(
            *("seed", self.node, _ms(LEASE_SECONDS), here.number, here.tag, here.life),
            *(self.key, self._snapshot()),
            *(value for pair in nodes.items() for value in pair),
        )

    def _snapshot(self) -> str:
        return json.dumps({"room": self._memory.snapshot(), **self._follower.snapshot()})


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
