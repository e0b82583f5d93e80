"""Somebody on the page, and the Chromium they use.

Knows the page by roles and accessible names only, as people with a screen reader do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.clients.programs import program

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE = 15_000
"""Milliseconds until a promise not kept is a failure: plenty on a slow and busy machine."""

PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 568},
    "is_mobile": True,
    "has_touch": True,
}
"""The smallest phone that is still in use, and the width WCAG 1.4.10 (reflow) asks for."""

MAX_LOOKS = 500
"""Drawings of the page that one waits for what comes a moment later."""

NETWORK_TROUBLE = ("WebSocket connection to", "Failed to load resource: net::")
"""How Chromium's own console lines about a lost connection begin; some tests cut it on purpose."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the system's."""
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody on the page, who finds things by role and name like a screen reader."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.name = page.get_by_role("textbox", name="Name")
        self.join = page.get_by_role("button", name="Join")
        self.log = page.get_by_role("log", name="Conversation")
        self.message = page.get_by_role("textbox", name="Message")
        self.send = page.get_by_role("button", name="Send", exact=True)
        self.people = page.get_by_role("list", name="People")
        self.status = page.get_by_role("status")

    def joins(self, nick: str) -> "Visitor":
        """Give a name and come in."""
        self.name.fill(nick)
        self.join.click()
        expect(self.message).to_be_visible()
        return self

    def says(self, text: str) -> None:
        """Type a line and send it."""
        self.message.fill(text)
        self.send.click()

    def sees(self, text: str) -> None:
        """This is in the conversation (soon)."""
        expect(self.log.get_by_text(text).last).to_be_visible()

    def sees_once(self, *lines: str) -> None:
        """Each of these lines is in the conversation (soon), one time, in this order."""
        for line in lines:
            expect(self.log.get_by_text(line, exact=True)).to_have_count(1)
        everything = self.log.inner_text()
        places = [everything.index(line) for line in lines]
        assert places == sorted(places)

    def has_help(self) -> None:
        """What helps while writing is there: it comes a moment after the field itself."""
        menu = self.page.get_by_role("listbox", name="Commands")
        for _ in range(MAX_LOOKS):
            self.message.fill("")
            self.message.fill("/")
            self.settles()
            if menu.is_visible():
                break
        self.message.fill("")
        expect(menu).to_be_hidden()

    def settles(self) -> None:
        """The page has drawn all that it knew."""
        self.page.evaluate(
            "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def looks_elsewhere(self) -> None:
        """Another tab covers the page: a headless Chromium never says so by itself."""
        self._is_hidden("true")

    def looks_again(self) -> None:
        """The page is in sight."""
        self._is_hidden("false")

    def _is_hidden(self, is_so: str) -> None:
        self.page.evaluate(
            f"""Object.defineProperty(
                document, 'hidden', {{ configurable: true, get: () => {is_so} }}
            );
            document.dispatchEvent(new Event('visibilitychange'));"""
        )

    def is_at_the_end(self) -> None:
        """The conversation is scrolled to its end (soon), give or take a line."""
        self.page.wait_for_function(
            "log => log.scrollHeight - log.scrollTop - log.clientHeight < 40",
            arg=self.log.element_handle(),
        )


class Visitors:
    """Lets people come to the page, each with a browser profile of their own.

    Attributes:
        problems: what went wrong on their pages: exceptions, errors on the console, dialogs.
    """

    def __init__(self, browser: Browser) -> None:
        self.problems: list[str] = []
        self._browser = browser

    def arrives(self, url: str, nick: str | None = None, **profile: Any) -> Visitor:
        """Somebody opens the page; given a nick, they are in the room already.

        ``profile`` is what Playwright's ``Browser.new_context`` takes.
        """
        context = self._browser.new_context(**profile)
        context.set_default_timeout(PATIENCE)
        context.on("page", self._watch)
        page = context.new_page()
        page.goto(url)
        visitor = Visitor(page)
        return visitor if nick is None else visitor.joins(nick)

    def duplicates(self, visitor: Visitor) -> Visitor:
        """Another tab of theirs, with all that the first one remembers."""
        with visitor.page.context.expect_page() as opened:
            visitor.page.evaluate("window.open(location.href)")  # copies the session storage
        return Visitor(opened.value)

    def leave(self) -> None:
        """Everybody closes their browser."""
        for context in self._browser.contexts:
            context.close()

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        page.on("console", lambda m: self._hear(m.text) if m.type == "error" else None)

    def _hear(self, text: str) -> None:
        if not text.startswith(NETWORK_TROUBLE):
            self.problems.append(text)
