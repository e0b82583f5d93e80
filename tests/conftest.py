"""Fixtures for everybody, and how properties are tried."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from hypothesis import settings

from backend.app import Bound
from backend.config import UNLIMITED
from tests.talkers import a_room

# How long one example takes is the machine's affair, and machines are shared.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
async def room() -> AsyncIterator[Bound]:
    """The whole program in this process, without limits; its drain is part of every test."""
    async with a_room(UNLIMITED) as bound:
        yield bound


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who issues the certificates here."""
    return trustme.CA()


@pytest.fixture
def certfile(authority: trustme.CA, tmp_path: Path) -> Path:
    """A file with a certificate for this machine, and its key."""
    return issue(authority, tmp_path / "here.pem")


def issue(authority: trustme.CA, file: Path) -> Path:
    """Write a new certificate for this machine, and its key, into this file."""
    pair = authority.issue_cert("localhost", "127.0.0.1", "::1")
    pair.private_key_and_cert_chain_pem.write_to_path(str(file))
    return file


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What somebody has who trusts the authority."""
    context = ssl.create_default_context()
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # which the first versions of 3.11 set
    authority.configure_trust(context)
    return context
