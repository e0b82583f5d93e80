"""The commands that README.md tells people to type, and which test runs each of them.

Knows where commands stand in it, and not what they do.
"""

import re
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.processes import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

BIN = Path(sys.executable).parent
"""Where the environment has its programs that these tests run in."""

CLAIMS: Counter[str] = Counter()
"""How many tests run each command."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_INLINE = re.compile(r"`([^`\n]+)`")

_SETTING = re.compile(r"[A-Z_]+=\S*")

_CONTINUED = re.compile(r" *\\\n *")


def blocks(language: str) -> list[str]:
    """What stands in the fenced blocks of this language."""
    return [text for found, text in _FENCE.findall(TEXT) if found == language]


def commands() -> set[str]:
    """Everything to be typed into a shell: each line of a block, in a dialogue those with ``$``."""
    return {*_in_blocks(), *filter(_is_command, _INLINE.findall(_FENCE.sub("", TEXT)))}


def _in_blocks() -> Iterator[str]:
    for language, text in _FENCE.findall(TEXT):
        match language:
            case "sh" | "":
                yield from filter(None, _CONTINUED.sub(" ", text).splitlines())
            case "console":
                yield from re.findall(r"^\$ (.*)$", text, re.MULTILINE)
            case "ini":
                pass
            case _:
                raise AssertionError(f"nobody knows what to do with a block of {language}")


def _is_command(words: str) -> bool:
    """Whether words in a sentence are a program with what it is given, and not just its name."""
    program, *arguments = [w for w in words.split() if not _SETTING.fullmatch(w)] or [""]
    if words in CLAIMS or program in _PROGRAMS or "/bin/" in program:
        return bool(arguments)
    return bool(arguments) and shutil.which(program) is not None


_PROGRAMS = {shlex.split(line)[0] for line in _in_blocks() if not _SETTING.match(line)}
"""Whether this machine has them or not."""


def runs(*claimed: str) -> pytest.MarkDecorator:
    """Mark the test that runs these commands, and hands them to it as ``commands``."""
    CLAIMS.update(claimed)
    return pytest.mark.parametrize("commands", [claimed], ids=[claimed[0].replace("/", " ")])


def here(command: str, instead: Mapping[str, object]) -> str:
    """The command with this in its place: ports, folders, hosts and how long it may take.

    What is to be replaced has to be there.
    """
    for there, ours in instead.items():
        assert there in command, f"{there!r} is not in {command!r}"
        command = command.replace(there, str(ours))
    return command
