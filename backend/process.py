"""Starting and stopping: signals and the exit status belong to the process, not to what it serves.

The first SIGINT or SIGTERM asks for an orderly end, the second for one at once, and so does the
first before there is anything to end; SIGHUP has files read again, if there are any. Knows no
server in particular.
"""

import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import click
import trio

from backend.journal.journal import JournalError
from backend.net.listen import StartError

log = logging.getLogger("playroom")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(
    serve: Callable[..., Awaitable[object]],
    announce: Callable[[Any], None],
    *args: object,
    reload: Callable[[], None] | None = None,
) -> None:
    """Run ``serve(*args, stop, task_status=...)`` until a signal says stop.

    Args:
        serve: ends in its own time once the trio.Event ``stop`` is set.
        announce: gets what it reports when it has started.
        args: what it is called with besides.
        reload: what SIGHUP asks for; None to end by it, as when the terminal is closed.

    Raises:
        click.ClickException: something that is needed to start could not be had.
    """
    try:
        impatient = trio.run(serve_until_told, partial(serve, *args), announce, reload)
    except ExceptionGroup as group:
        # Not "except*": what is raised in there leaves some versions of Python as a group again.
        expected, unexpected = group.split((StartError, JournalError))
        if expected is None or unexpected is not None:
            raise
        raise click.ClickException(str(_innermost(expected))) from None
    if impatient is not None:
        signal.signal(impatient, signal.SIG_DFL)
        signal.raise_signal(impatient)


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def serve_until_told(
    serve: Callable[..., Awaitable[object]],
    announce: Callable[[Any], None],
    reload: Callable[[], None] | None = None,
) -> signal.Signals | None:
    """See ``run``; the signal that ended it at once, if one did."""
    stop = trio.Event()
    obey = Obedience(stop, reload)
    # Not in the list above: Windows has none.
    heard = STOP_SIGNALS if reload is None else (*STOP_SIGNALS, signal.SIGHUP)
    with trio.open_signal_receiver(*heard) as signals:
        async with trio.open_nursery() as listening:
            async with trio.open_nursery() as house:
                listening.start_soon(obey.to, signals, house.cancel_scope, name="signals")
                started = await house.start(serve, stop)
                obey.has_started = True
                announce(started)
            listening.cancel_scope.cancel()
    return obey.impatient


class Obedience:
    """What is done about signals.

    Attributes:
        impatient: the one that says stop at once, if it came.
        has_started: whether there is something to end in an orderly way.

    Args:
        stop: to be set at the first.
        reload: to be called at every other signal.
    """

    def __init__(self, stop: trio.Event, reload: Callable[[], None] | None) -> None:
        self._stop = stop
        self._reload = reload
        self.impatient: signal.Signals | None = None
        self.has_started = False

    async def to(self, signals: AsyncIterator[int], house: trio.CancelScope) -> None:
        """Wait for them; one that says stop at once cancels the house."""
        while self.impatient is None:
            number = signal.Signals(await anext(signals))
            if number not in STOP_SIGNALS:
                if self._reload is not None:
                    self._reload()
            elif self._stop.is_set() or not self.has_started:
                self.impatient = number
            else:
                log.info("%s: closing", number.name)
                self._stop.set()
        house.cancel()
