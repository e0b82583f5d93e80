"""Starting and stopping: signals and the exit status belong to the process, not to what it serves.

The first SIGINT or SIGTERM asks for an orderly end, the second for one at once, and so does the
first before there is anything to end; SIGHUP has files read again, or if there are none asks for an
orderly end, too. Knows no server in particular.
"""

import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, NoReturn

import click
import trio

from backend import console
from backend.journal.journal import JournalError
from backend.net.listen import StartError

log = logging.getLogger("playroom")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

HANGUP = "SIGHUP"
"""What closing its terminal sends."""


def carry_out(command: click.Command) -> None:
    """Do what the command line says: as click does, but a mistake costs one line, not a page."""
    console.fill()
    try:
        command.main(standalone_mode=False)
    except OSError as error:  # of printing: what is served deals with its own
        _give_up(error.strerror or str(error), 1)
    except click.ClickException as error:
        _give_up(error.format_message(), error.exit_code)
    except click.Abort:  # what click makes of ^C
        sys.exit(130)
    finally:
        console.finish()


def _give_up(why: str, status: int) -> NoReturn:
    console.say(f"playroom: {why}", sys.stderr)
    sys.exit(status)


def run(
    serve: Callable[..., Awaitable[object]],
    announce: Callable[[Any], str],
    *args: object,
    reload: Callable[[], None] | None = None,
) -> None:
    """Run ``serve(*args, stop, task_status=...)`` until a signal says stop.

    Args:
        serve: ends in its own time once the trio.Event ``stop`` is set.
        announce: makes of what it reports, when it has started, what is printed.
        args: what it is called with besides.
        reload: what SIGHUP asks for; None to end in order, as when the terminal is closed.

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
    announce: Callable[[Any], str],
    reload: Callable[[], None] | None = None,
) -> signal.Signals | None:
    """See ``run``; the signal that ended it at once, if one did."""
    stop = trio.Event()
    obey = Obedience(stop, reload)
    with trio.open_signal_receiver(*_heard(reload is not None)) as signals:
        async with trio.open_nursery() as listening:
            async with trio.open_nursery() as house:
                listening.start_soon(obey.to, signals, house.cancel_scope, name="signals")
                started = await house.start(serve, stop)
                obey.has_started = True
                console.say(announce(started))
            listening.cancel_scope.cancel()
    return obey.impatient


def signals_named(*names: str) -> tuple[signal.Signals, ...]:
    """Those of these signals that this system has; Windows lacks some."""
    return tuple(number for number in signal.Signals if number.name in names)


def _heard(reloads: bool) -> tuple[signal.Signals, ...]:
    # Whoever has had SIGHUP ignored, by nohup, wants no end when the terminal is closed.
    hangup = signals_named(HANGUP)
    return STOP_SIGNALS + tuple(
        number for number in hangup if reloads or signal.getsignal(number) != signal.SIG_IGN
    )


class Obedience:
    """What is done about signals.

    Attributes:
        impatient: the one that says stop at once, if it came.
        has_started: whether there is something to end in an orderly way.

    Args:
        stop: to be set at the first.
        reload: what SIGHUP means; None if it says stop, too.
    """

    def __init__(self, stop: trio.Event, reload: Callable[[], None] | None) -> None:
        self._stop = stop
        self._reload = reload
        self.impatient: signal.Signals | None = None
        self.has_started = False

    async def to(self, signals: AsyncIterator[int], house: trio.CancelScope) -> None:
        """Wait for them; one that says stop at once cancels the house.

        SIGHUP is no second one: the system sends it when a terminal is closed, and then the shell.
        """
        while self.impatient is None:
            number = signal.Signals(await anext(signals))
            if number.name == HANGUP and self._reload is not None:
                self._reload()
            elif not self.has_started or (self._stop.is_set() and number.name != HANGUP):
                self.impatient = number
            elif not self._stop.is_set():
                log.info("%s: closing", number.name)
                self._stop.set()
        house.cancel()
