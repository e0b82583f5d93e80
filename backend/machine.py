"""What this machine, or its container, has room for.

Knows nothing of what it is wanted for but how much a connection costs.
"""

import os
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

MEMORY_PER_CONNECTION = 96 * 1024
"""Bytes. A browser costs 24 KB, and TLS 18 KB more, so a crowd at the limit takes less than half of
the memory: enough is left for the mail of some who are slow."""

OWN_DESCRIPTORS = 128
"""Kept for everything but connections, such as the pages that are being fetched."""

_CONTAINER_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)


def affordable_connections() -> int:
    """How many connections there is memory for."""
    return max(100, _memory() // MEMORY_PER_CONNECTION)


def allowed_connections() -> int:
    """How many connections there are descriptors for; as many as may be are asked for."""
    if resource is None:
        return 500  # what select() can take there
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    except (ValueError, OSError):
        pass  # some systems say "unlimited" and do not mean it
    if soft == resource.RLIM_INFINITY:
        return affordable_connections()
    return max(soft - OWN_DESCRIPTORS, soft // 2)


def _memory() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in _CONTAINER_LIMITS:
        try:
            memory = min(memory, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue  # there is no such limit here
    return memory
