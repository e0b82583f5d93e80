"""A node's place among those that share a log: entering, staying, leaving; and a log's beginning.

Whoever does not renew its lease is taken for dead by the others, and says nothing more: it has to
enter anew, as somebody else. Knows the server by its deeds only.
"""

import json
import secrets
from dataclasses import replace

import trio

from backend.journal.follower import Follower, Position
from backend.journal.journal import Memory
from backend.journal.server import Server

LEASE_SECONDS = 10.0
"""A node that is silent for longer is dead. Longer than any pause of a scheduler that is alive."""

RENEW_SECONDS = 2.0
"""So that a dead node's people are gone for the others within 12 s."""

PATIENCE_SECONDS = 1.0
"""How long a log that has gone waits to be begun anew, by whoever knows most of it; all of them
come back within half a second."""

KEPT_BEFORE = 10_000
"""Entries kept before a snapshot, for who lags behind."""


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
        """Be a new node, with the room as it was at the last snapshot; how far there is to go."""
        await self.leave(server)
        self.node = secrets.token_hex(4)
        while (answer := await server.do("enter", self.node, _ms(LEASE_SECONDS)))[0] == "none":
            await self._begin(server)
        _, life, last, self.key, number, tag, data = answer
        kept = json.loads(data)
        self._follower.restore(Position(int(life), int(number), tag), kept)
        self._memory.restore(kept["room"])
        return int(last)

    async def renew(self, server: Server) -> None:
        """Say that we are here, and look who is not.

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
                case ["ok", _]:
                    return
                case ["moved", life]:
                    if self._follower.position == here:
                        self._follower.position = replace(here, life=int(life))
                case ["none"]:
                    await self._begin(server)
                case _:
                    raise FencedError("the other nodes go on without this one")

    async def keep(self, server: Server) -> None:
        """Renew it for ever."""
        while True:
            await trio.sleep(RENEW_SECONDS)
            await self.renew(server)

    async def leave(self, server: Server) -> None:
        """Be no more; our people may come back elsewhere."""
        await server.do("end", self.node, self._grace, "")

    async def write_down(self, server: Server) -> None:
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
            offered = await server.do("offer", self.node, here.number, _ms(PATIENCE_SECONDS))
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
