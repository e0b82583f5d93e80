"""Pictures of the page for the README: ``python -m tests.browser.screenshots FOLDER [PORT]``.

Real people's programs in a real room; only the time of day is made up, so that the pictures are
the same each time.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize, WebSocketRoute, expect

from backend.app import Bound
from tests.browser.telnets import raw_telnet
from tests.browser.visitors import PATIENCE, Visitor, Visitors, chromium
from tests.processes import running

TELNET_PORT = "12345"
"""The usual one, as the pictures show it: so unless there is to be another, nobody else may be
listening there."""

NOON = 1_767_268_800
"""Thursday 1 January 2026 at 12:00, when everything is said."""

SECONDS_BETWEEN = 47
"""From one event to the next."""

DESKTOP: ViewportSize = {"width": 1120, "height": 700}
TALL: ViewportSize = {"width": 1120, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 780}

CONVERSATION = (
    ("grace", "Morning! I am on a real terminal here, green letters and all."),
    ("linus", "Same, PuTTY. The colours are the ones the web people see, aren't they?"),
    ("ada", "They are. I see you in the same blue as your terminal does."),
    ("grace", "/me waves at the browsers"),
    ("ada", "Hello grace! Have you read how the room is made?"),
    ("alan", "It is one Trio nursery, https://trio.readthedocs.io explains the idea."),
    ("alan", "Every line anybody types goes through the same pure function."),
    ("linus", "alan: and if somebody stops reading?"),
    ("alan", "Then everybody else goes on. Nobody waits for anybody."),
    ("alan", "My train was in a tunnel just now. Nobody noticed, and I missed nothing."),
    ("ada", "That is the part I like best. Tea, anyone?"),
    ("linus", "Tea! And biscuits."),
)

TOPIC = "How one room has two doors"

SECRET = "let me set the topic"

IN_THE_TERMINAL = ("katherine", "Hello from the terminal beside the page.")


@contextmanager
def people(bound: Bound, browser: Visitors) -> Iterator[dict[str, Any]]:
    """Everybody in the conversation: two at telnets, two with browsers."""
    with ExitStack() as stack:
        everybody: dict[str, Any] = {
            nick: stack.enter_context(raw_telnet(bound, nick)) for nick in ("grace", "linus")
        }
        everybody["alan"] = browser.arrives(bound.page_url, "alan")
        yield everybody


def at_noon(visitor: Visitor) -> None:
    """What their page is told was said on a day like any other, whatever the clock says."""

    def retimed(text: str | bytes) -> str:
        frame: dict[str, Any] = json.loads(text)
        for event in frame.get("events", [frame]):
            if "at" in event:
                event["at"] = NOON + SECONDS_BETWEEN * event.get("id", 0)
        return json.dumps(frame)

    def relay(page_end: WebSocketRoute) -> None:
        server = page_end.connect_to_server()
        server.on_message(lambda text: page_end.send(retimed(text)))

    visitor.page.route_web_socket(re.compile("/ws$"), relay)


def take(bound: Bound, browser: Browser, folder: Path) -> None:
    """Have the conversation on a desktop and a phone at once, and take the pictures."""
    visitors = Visitors(browser)
    common = {"locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}
    ada = visitors.arrives("about:blank", color_scheme="light", viewport=DESKTOP, **common)
    phone = visitors.arrives(
        *("about:blank",),
        color_scheme="dark",
        viewport=PHONE,
        is_mobile=True,
        has_touch=True,
        **common,
    )
    with people(bound, visitors) as everybody:
        for visitor, nick in ((ada, "ada"), (phone, "tim")):
            at_noon(visitor)
            visitor.page.goto(bound.page_url)
            visitor.joins(nick)
        everybody["ada"] = ada
        everybody["grace"].says(f"/op {SECRET}", f"/topic {TOPIC}")
        for visitor in (ada, phone):
            visitor.sees("set the topic")
        for nick, line in CONVERSATION:
            everybody[nick].says(line)
            for visitor in (ada, phone):
                visitor.sees(line.removeprefix("/me "))
        phone.page.evaluate("document.activeElement.blur()")
        shoot(ada, folder / "desktop-light.png")
        shoot(phone, folder / "phone-dark.png")
        nick, line = IN_THE_TERMINAL
        ada.page.get_by_role("button", name="Terminal").click()
        keys = ada.page.get_by_role("textbox", name="Terminal input")
        for typed in (nick, line):
            keys.fill(typed)
            keys.press("Enter")
        ada.sees(line)
        ada.says("Hello katherine! Both of you on one screen.")
        screen = ada.page.get_by_role("log", name="Terminal output")
        expect(screen).to_contain_text("Both of you")
        shoot(ada, folder / "terminal-open.png")
        ada.page.get_by_role("button", name="Terminal").click()
        watch_the_demo(ada)
        shoot(ada, folder / "nursery-open.png")
    visitors.leave()


def watch_the_demo(visitor: Visitor) -> None:
    """The nursery pane in the dark: the tutorial's parent, and one of its children looked at."""
    visitor.page.emulate_media(color_scheme="dark")
    visitor.page.set_viewport_size(TALL)
    visitor.page.get_by_role("button", name="Nursery").click()
    visitor.page.get_by_role("button", name="Demo").click()
    visitor.page.get_by_role("treeitem", name="child 2").click()
    expect(visitor.page.get_by_role("region", name="Source")).to_contain_text("trio.sleep")
    visitor.sees("child 1: exiting!")
    expect(visitor.page.get_by_role("treeitem", name="child 1")).to_have_count(0)


def shoot(visitor: Visitor, path: Path) -> None:
    """A picture of what they see, without a blinking caret."""
    visitor.settles()
    visitor.page.screenshot(path=path, animations="disabled", caret="hide")


def main(arguments: Sequence[str]) -> None:
    """Take all pictures, into the folder that is named; the telnet door may be, too."""
    name, telnet_port = (*arguments, TELNET_PORT)[:2]
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    ports = ("--port", "0", "--telnet-port", telnet_port)
    with running(*ports, limits=False, OPERATOR_SECRET=SECRET) as room, chromium() as browser:
        take(room.bound, browser, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
