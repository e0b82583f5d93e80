"""Fixtures for everybody."""

from collections.abc import AsyncIterator

import pytest
import trio

from backend.app import Bound, serve
from backend.config import Settings


@pytest.fixture
async def room() -> AsyncIterator[Bound]:
    """The whole program in this process, on free ports; its drain is part of every test."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        settings = Settings(host="127.0.0.1", port=0, telnet_port=0)
        bound: Bound = await nursery.start(serve, settings, stop)
        yield bound
        stop.set()
