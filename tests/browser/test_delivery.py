"""How the page comes over the wire: small, compressed, kept by the browser, and usable as text."""

import re

from playwright.sync_api import Page, Response, expect

from tests.browser.visitors import Visitors
from tests.processes import Running

MAX_WEIGHT = 60_000
"""Bytes of everything the first visit loads, before compression."""


def loads(page: Page, url: str) -> list[Response]:
    """Everything this address makes the browser load."""
    responses: list[Response] = []

    def note(response: Response) -> None:
        responses.append(response)

    page.on("response", note)
    page.goto(url, wait_until="networkidle")
    page.remove_listener("response", note)
    return responses


def test_the_whole_page_is_small_and_comes_from_here(room: Running, visitors: Visitors) -> None:
    """Less than 60 kB before compression, and nothing from anywhere else."""
    bob = visitors.arrives("about:blank")
    responses = loads(bob.page, room.bound.page_url)
    assert all(response.ok for response in responses)
    assert all(response.url.startswith(room.bound.page_url) for response in responses)
    assert len(responses) > 3
    assert sum(len(response.body()) for response in responses) < MAX_WEIGHT


def test_scripts_and_styles_are_compressed_and_kept_for_ever(
    room: Running, visitors: Visitors
) -> None:
    """Their address has a hash of what is in them; the page itself is asked for anew."""
    bob = visitors.arrives("about:blank")
    responses = loads(bob.page, room.bound.page_url)
    page = next(r for r in responses if r.url == room.bound.page_url)
    assert "immutable" not in page.headers.get("cache-control", "")
    assets = [r for r in responses if re.search(r"\.(js|css)$", r.url)]
    assert assets
    for response in (page, *assets):
        assert response.headers.get("content-encoding") in ("gzip", "br"), response.url
    for response in assets:
        assert "immutable" in response.headers["cache-control"], response.url
    again = loads(bob.page, room.bound.page_url)
    assert [r.url for r in again if r in assets and not r.from_service_worker] == []


def test_without_javascript_there_is_text_that_helps(room: Running, visitors: Visitors) -> None:
    """It says what is missing, and how to come in all the same."""
    bob = visitors.arrives(room.bound.page_url, java_script_enabled=False)
    expect(bob.page.get_by_role("heading", name=re.compile("JavaScript"))).to_be_visible()
    expect(bob.page.get_by_role("code")).to_have_text(f"telnet localhost {room.bound.telnet_port}")
    expect(bob.name).to_be_hidden()
