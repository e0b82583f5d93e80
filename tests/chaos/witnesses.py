"""The witness pair: one at a terminal, one with a browser, talking in numbered lines all the while.

Whatever else happens in the room, each hears every line of the other, in order, once, and soon.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from backend.app import Bound
from tests.talkers import PATIENCE, Browser, Terminal, at_browser, at_terminal

LINES_A_SECOND = 20
"""Of each: a lively conversation, and little work beside any attack."""

SAFE_SECONDS = 2.0
"""Within this 99 of 100 lines arrive. A bound on safety and no benchmark: the attackers, who are
in the witnesses' own process, and the machine's other users may take most of it."""

Heard = tuple[str, str]
"""Who spoke (empty for the house), and the words."""


class Witness:
    """One of the two.

    Attributes:
        nick: what it is called.
        said: when it said each of its lines.
        heard: by speaker, how many lines have come so far.

    Args:
        say: sends a line.
        hear: waits for what comes next.
        listens_to: whose lines come here.
    """

    def __init__(
        self,
        nick: str,
        say: Callable[[str], Awaitable[None]],
        hear: Callable[[], Awaitable[Heard]],
        listens_to: tuple[str, ...],
    ) -> None:
        self.nick = nick
        self.said: list[float] = []
        self.heard = dict.fromkeys(listens_to, 0)
        self._say = say
        self._hear = hear

    async def talk(self, until: trio.Event) -> None:
        """Say one line after the other."""
        while not until.is_set():
            self.said.append(trio.current_time())
            await self._say(f"{self.nick} {len(self.said) - 1}")
            with trio.move_on_after(1 / LINES_A_SECOND):
                await until.wait()

    async def listen(self, pair: "Pair") -> None:
        """Take in the lines: each has to be the very next of its speaker."""
        while True:
            speaker, words = await self._hear()
            if speaker in self.heard:
                number = self.heard[speaker]
                assert words == f"{speaker} {number}", f"{self.nick} heard this out of turn"
                self.heard[speaker] += 1
                pair.delays.append(trio.current_time() - pair.by_nick[speaker].said[number])


class Pair:
    """Both of them.

    Attributes:
        by_nick: the two.
        delays: how long each line took to each of its hearers, in seconds.
    """

    def __init__(self, *both: Witness) -> None:
        self.by_nick = {witness.nick: witness for witness in both}
        self.delays: list[float] = []
        self._enough = trio.Event()

    def begins(self, nursery: trio.Nursery) -> None:
        """Talk and listen, in this nursery."""
        for witness in self.by_nick.values():
            nursery.start_soon(witness.talk, self._enough)
            nursery.start_soon(witness.listen, self)

    async def talks_on(self, lines: int) -> None:
        """So many more lines of each go back and forth."""
        due = {nick: len(witness.said) + lines for nick, witness in self.by_nick.items()}
        await self._hears(due, PATIENCE + lines / LINES_A_SECOND)

    async def ends(self) -> None:
        """They stop, and have heard all that was said, soon enough."""
        self._enough.set()
        await self._hears({nick: len(one.said) for nick, one in self.by_nick.items()}, PATIENCE)
        assert self.p99 < SAFE_SECONDS, f"the slowest took {max(self.delays):.1f} s"

    async def _hears(self, due: dict[str, int], patience: float) -> None:
        missing = self._missing(due)
        with trio.move_on_after(patience):
            while missing:
                await trio.sleep(0.01)
                missing = self._missing(due)
        assert not missing, f"these never came: {len(missing)} lines, the first {missing[:3]}"

    def _missing(self, due: dict[str, int]) -> list[str]:
        return [
            f"{speaker} {number} to {witness.nick}"
            for witness in self.by_nick.values()
            for speaker, heard in witness.heard.items()
            for number in range(heard, due[speaker])
        ]

    @property
    def p99(self) -> float:
        """What 99 of 100 delays are within, in seconds."""
        return sorted(self.delays)[len(self.delays) * 99 // 100]


@asynccontextmanager
async def witnesses(bound: Bound) -> AsyncIterator[Pair]:
    """Two who talk; at the end they have heard all of each other."""
    async with at_terminal(bound, "terminal") as terminal, at_browser(bound, "browser") as browser:
        pair = Pair(
            Witness("terminal", terminal.type, _ear(terminal), ("browser",)),
            # A browser is told of its own lines, too.
            Witness("browser", browser.type, _eye(browser), ("browser", "terminal")),
        )
        async with trio.open_nursery() as nursery:
            pair.begins(nursery)
            yield pair
            await pair.ends()
            nursery.cancel_scope.cancel()


def _ear(terminal: Terminal) -> Callable[[], Awaitable[Heard]]:
    async def hear() -> Heard:
        speaker, _, words = (await terminal.line()).partition("> : ")
        return speaker.removeprefix("<"), words

    return hear


def _eye(browser: Browser) -> Callable[[], Awaitable[Heard]]:
    async def hear() -> Heard:
        event = await browser.event()
        return (event["nick"], event["text"]) if event["type"] == "said" else ("", "")

    return hear
