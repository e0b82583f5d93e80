"""Throw bytes at the telnet codec that reach ever more of its code, with atheris (libFuzzer).

A few minutes of it::

    pip install atheris
    python -m tests.fuzz.telnet -max_total_time=300

Any further argument is libFuzzer's: a directory to keep the corpus in, ``-jobs=2``, or a file to
try again, as ``crash-…``, which it leaves in the working directory when a promise is broken. What
is found becomes an ``@example`` of ``test_any_bytes_are_the_same_for_any_split``: the promises are
the same, and so are the seeds. pytest needs neither this program nor atheris.
"""

import importlib
import sys
import tempfile
from pathlib import Path

# Not by an import statement: there are no types for it, and it is not among the test extras.
atheris = importlib.import_module("atheris")

with atheris.instrument_imports(include=["backend.wire"]):
    from backend.wire import editor, lines, splitter
    from tests.test_telnet import CLIENTS, SAMPLES, TLS_HELLO, is_the_same_for_any_split

MAX_BYTES = 512
"""Longest input: short ones are quick, and most of what can go wrong is short."""

CUTS = 4
"""Cuts an input into up to five reads; as many bytes before the data say where."""


def try_one(data: bytes) -> None:
    """All that the tests promise for any bytes."""
    is_the_same_for_any_split(data[CUTS:], data[:CUTS])


def lower_limits() -> None:
    """Bring the limits, which are tested as they are elsewhere, within reach of short inputs."""
    lines.MAX_LINE_BYTES = 60
    splitter.MAX_SUBNEGOTIATION = 40
    editor.MAX_CHARACTERS = 50


def write_seeds(directory: Path) -> None:
    """What the tests feed, and what real clients send."""
    talks = [b"".join(theirs for theirs, _ in client.turns) for client in CLIENTS.values()]
    for number, data in enumerate([*(data for data, _ in SAMPLES), *talks, TLS_HELLO]):
        (directory / str(number)).write_bytes(bytes((2, 3, 5, 40)) + data[:MAX_BYTES])


def main() -> None:
    """Fuzz until told to stop, or until something is found."""
    with tempfile.TemporaryDirectory() as seeds:
        write_seeds(Path(seeds))
        given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        if not any(Path(argument).is_file() for argument in given):
            # libFuzzer writes what it learns into the first directory, and only reads the others.
            learnt = [] if given else [tempfile.mkdtemp(dir=seeds)]
            sys.argv += [*learnt, seeds, f"-max_len={MAX_BYTES}"]
        lower_limits()
        atheris.Setup(sys.argv, try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
