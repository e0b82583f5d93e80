"""The folder of the site's private socket, and those that killed processes have left behind."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.net.socket_folder import LEAST_AGE_SECONDS, PREFIX, SOCKET, SocketFolder
from tests.processes import running

ANY_PORTS = ("--port", "0", "--telnet-port", "0")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where everything temporary is for a while; by a short name, as sockets need."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@contextmanager
def listening(folder: Path) -> Iterator[None]:
    """Somebody has their socket in this folder."""
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET))
        listener.listen()
        yield


def left_behind(folder: Path) -> Path:
    """What it is when they were killed."""
    with listening(folder):
        pass
    return folder


def grow_old(folder: Path) -> None:
    """Let time pass."""
    long_ago = folder.stat().st_mtime - LEAST_AGE_SECONDS - 1
    os.utime(folder, (long_ago, long_ago))


def start(temporary: Path) -> set[Path]:
    """Somebody starts and ends; what is there then."""
    for folder in temporary.iterdir():
        grow_old(folder)
    with SocketFolder() as ours:
        assert Path(ours.socket).parent in temporary.iterdir()
    return set(temporary.iterdir())


def test_what_a_killed_process_has_left_is_removed_by_the_next(temporary: Path) -> None:
    """And that one leaves nothing."""
    left_behind(temporary / f"{PREFIX}a")
    left_behind(temporary / f"{PREFIX}b")
    assert start(temporary) == set()


def test_one_where_somebody_listens_stays(temporary: Path) -> None:
    """However old."""
    with listening(temporary / f"{PREFIX}a"):
        assert start(temporary) == {temporary / f"{PREFIX}a"}


def test_one_that_is_young_stays(temporary: Path) -> None:
    """A process that is just starting has its socket, and does not listen yet."""
    folder = left_behind(temporary / f"{PREFIX}a")
    with SocketFolder():
        assert folder.exists()


def test_one_without_a_socket_stays(temporary: Path) -> None:
    """A process that reads a long history has none for a while."""
    (temporary / f"{PREFIX}a").mkdir()
    assert start(temporary) == {temporary / f"{PREFIX}a"}


def test_what_may_be_something_else_stays(temporary: Path) -> None:
    """A folder with more in it; a file; a link; another machine's, on a disk that both have."""
    more = left_behind(temporary / f"{PREFIX}more")
    (more / "more").touch()
    (temporary / f"{PREFIX}file").touch()
    theirs = left_behind(temporary / "playroom-another")
    (temporary / f"{PREFIX}link").symlink_to(theirs)
    before = set(temporary.iterdir())
    assert start(temporary) == before
    assert [path.name for path in theirs.iterdir()] == [SOCKET]


def test_a_server_that_is_killed_again_and_again_leaves_one_folder() -> None:
    """As on a machine that runs out of memory each night."""
    with tempfile.TemporaryDirectory() as temporary:
        for _ in range(2):
            with running(*ANY_PORTS, TMPDIR=temporary) as room:
                (there,) = Path(temporary).iterdir()
                assert room.stop(signal.SIGKILL) == -signal.SIGKILL
            grow_old(there)
