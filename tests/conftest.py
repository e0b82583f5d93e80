"""Fixtures for everybody."""

from collections.abc import AsyncIterator

import pytest

from backend.app import Bound
from backend.config import UNLIMITED
from tests.talkers import a_room


@pytest.fixture
async def room() -> AsyncIterator[Bound]:
    """The whole program in this process, without limits; its drain is part of every test."""
    async with a_room(UNLIMITED) as bound:
        yield bound
