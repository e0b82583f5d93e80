"""One Chromium for the folder; for each test a room of its own, and people who come to it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitors import PATIENCE, Visitors, chromium
from tests.processes import Running, running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of this folder."""
    expect.set_options(timeout=PATIENCE)
    with chromium() as browser:
        yield browser


@pytest.fixture
def room() -> Iterator[Running]:
    """The real program."""
    with running("--port", "0", "--telnet-port", "0") as room:
        yield room
        assert room.stop() == 0


@pytest.fixture
def busy_room() -> Iterator[Running]:
    """The real program, where people may talk without a pause."""
    with running("--port", "0", "--telnet-port", "0", limits=False) as room:
        yield room
        assert room.stop() == 0


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    """People who open the page; whatever goes wrong on it is a failure."""
    visitors = Visitors(browser)
    yield visitors
    visitors.leave()
    assert visitors.problems == []
