"""``playroom history``: what was said, printed or exported.

The log has what people did; what they saw is what the room makes of it, so a room plays it again.
Knows nothing of networks.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Literal

import click

from backend.journal.database import explained
from backend.journal.journal import JournalError
from backend.journal.reading import Stretch, read
from backend.options import history_option
from backend.room.events import Public
from backend.room.room import Room
from backend.wire import frames, terminal

Format = Literal["text", "jsonl"]


@click.command("history", context_settings={"show_default": True})
@history_option
@click.option(
    "--format",
    "format",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    help="For people, or for programs: one JSON object a line, as a page gets it.",
)
def history(history: Path | None, format: Format) -> None:
    """Print what was said, as far back as it is kept; also while the room is open.

    Whispers are not in it. Times are UTC.
    """
    if history is None:
        raise click.ClickException("a room in memory leaves no history")
    write, encoding = (_text, None) if format == "text" else (_json, "utf-8")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding=encoding, errors="replace")
    try:
        if not _is_there(history):
            raise click.ClickException(f"there is no history in {history}")
        for event in public_events(history):
            sys.stdout.write(write(event))
        sys.stdout.flush()  # here, where it is told if that is not possible
    except JournalError as error:
        raise click.ClickException(str(error)) from None


def _is_there(path: Path) -> bool:
    with explained(path):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def public_events(path: Path) -> Iterator[Public]:
    """What everybody could see, each event once, in order.

    Raises:
        JournalError: the file cannot be read.
    """
    last = 0
    with explained(path):
        for stretch in read(path):
            for event in _seen(stretch):
                if event.id > last:  # a snapshot has some that came before it
                    last = event.id
                    yield event


def _seen(stretch: Stretch) -> Iterator[Public]:
    room = Room()
    if stretch.memory is not None:
        room.restore(stretch.memory)
    yield from room.remembered
    for entry in stretch.entries:
        try:
            deliveries = room.apply(entry)
        except Exception:  # noqa: S112 - the room has passed over it, too, and logged it
            continue
        for delivery in deliveries:
            if isinstance(delivery.event, Public):
                yield delivery.event


def _text(event: Public) -> str:
    when = datetime.fromtimestamp(event.at, UTC)
    return "".join(
        f"{when:%Y-%m-%d %H:%M:%S} {line}\n" for line in terminal.to_text(event).splitlines()
    )


def _json(event: Public) -> str:
    return f"{frames.to_json(event)}\n"
