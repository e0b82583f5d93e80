"""``playroom bridge`` as a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.processes import ROOT, environment


@contextmanager
def a_bridge(url: str) -> Iterator[int]:
    """``playroom bridge URL`` on a free port; the port."""
    with subprocess.Popen(
        [sys.executable, "-m", "backend", "bridge", url, "--listen", "127.0.0.1:0"],
        cwd=ROOT,
        env={**environment(), "NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("bridge to ws://127.0.0.1:")
            where = re.fullmatch(r"telnet: telnet 127\.0\.0\.1 (\d+)\n", process.stdout.readline())
            assert where
            yield int(where[1])
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()
