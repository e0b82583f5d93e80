"""Calling a reader who looks elsewhere: the title, the icon, and the desktop."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.telnets import raw_telnet
from tests.browser.visitors import Visitor, Visitors
from tests.processes import Running

NOTE_NOTIFICATIONS = """
globalThis.notified = [];
globalThis.Notification = new Proxy(Notification, {
  construct(real, [title, options]) {
    const notification = new real(title, options);
    const note = { title, body: notification.body, tag: notification.tag, shown: false };
    notified.push(note);
    notification.addEventListener('show', () => { note.shown = true; });
    globalThis.latest = notification;
    return notification;
  },
});
"""
"""They are real ones; only which there were is written down, since no page can look at them."""

ICON = "link[rel=icon]"

DRAW_THE_ICON = """async (link) => {
    const image = new Image();
    image.src = link.href;
    await image.decode();
    const canvas = new OffscreenCanvas(32, 32).getContext('2d');
    canvas.drawImage(image, 0, 0, 32, 32);
    return [...canvas.getImageData(22, 3, 1, 1).data];
}"""
"""The colour near the top right corner, where the number is."""

RED = [180, 35, 24, 255]


def who_may_be_notified(visitors: Visitors, room: Running, *settings: str) -> Visitor:
    """Bob in the room, on whose machine notifications are allowed, with these settings on."""
    bob = visitors.arrives("about:blank", permissions=["notifications"])
    bob.page.add_init_script(NOTE_NOTIFICATIONS)
    bob.page.goto(room.bound.page_url)
    bob.joins("bob")
    bob.page.get_by_role("button", name="Settings").click()
    for setting in settings:
        bob.page.get_by_role("checkbox", name=setting).check()
        expect(bob.page.get_by_role("checkbox", name=setting)).to_be_checked()
    expect(bob.page.get_by_role("checkbox", name="Sound")).to_be_visible()
    bob.page.keyboard.press("Escape")
    return bob


def notified(visitor: Visitor) -> list[dict[str, Any]]:
    """The notifications so far."""
    noted: list[dict[str, Any]] = visitor.page.evaluate("notified")
    return noted


def test_title_and_icon_count_what_is_unread_until_somebody_looks(
    room: Running, visitors: Visitors
) -> None:
    """In a tab that is not looked at; one's own lines and comings and goings are no news."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    icon = bob.page.locator(ICON)
    plain = icon.evaluate("link => link.href")
    with raw_telnet(room.bound, "alice") as alice:
        alice.says("while bob looks on")
        bob.sees("while bob looks on")
        expect(bob.page).to_have_title("Playroom")
        bob.looks_elsewhere()
        alice.says("one", "two")
        expect(bob.page).to_have_title("(2) Playroom")
        expect(icon).to_have_attribute("href", re.compile(r"^data:.*%3E2%3C%2Ftext"))
        assert icon.evaluate(DRAW_THE_ICON) == RED
        with raw_telnet(room.bound, "carol"):
            pass
        alice.says(*(f"line {number}" for number in range(3, 11)))
        expect(bob.page).to_have_title("(10) Playroom")
        expect(icon).to_have_attribute("href", re.compile(r"%3E9%2B%3C%2Ftext"))
        bob.looks_again()
        expect(bob.page).to_have_title("Playroom")
        expect(icon).to_have_js_property("href", plain)
        assert icon.evaluate(DRAW_THE_ICON) != RED


def test_a_mention_and_a_whisper_reach_the_desktop_and_nothing_else_does(
    room: Running, visitors: Visitors
) -> None:
    """Only while the page is out of sight; a click on it brings the page back."""
    bob = who_may_be_notified(visitors, room, "Notifications")
    with raw_telnet(room.bound, "alice") as alice:
        alice.says("bob, before your eyes")
        bob.sees("before your eyes")
        bob.looks_elsewhere()
        alice.says("not to bobsleighs", "bob: are you there?")
        bob.page.wait_for_function("() => notified.at(-1)?.shown")
        assert notified(bob) == [
            {"title": "alice", "body": "bob: are you there?", "tag": "playroom", "shown": True}
        ]
        alice.says("/msg bob psst")
        bob.page.wait_for_function("() => notified.length === 2 && notified[1].shown")
        assert notified(bob)[1]["title"] == "alice whispers"
        assert notified(bob)[1]["body"] == "psst"
        with bob.page.expect_event("console", lambda message: message.text == "closed"):
            bob.page.evaluate(
                "latest.addEventListener('close', () => console.log('closed'));"
                "latest.dispatchEvent(new Event('click'))"
            )


def test_who_did_not_ask_for_notifications_gets_none(room: Running, visitors: Visitors) -> None:
    """Even if the browser would allow them; and the choice outlasts a reload."""
    bob = who_may_be_notified(visitors, room)
    with raw_telnet(room.bound, "alice") as alice:
        bob.looks_elsewhere()
        alice.says("bob, are you there?")
        expect(bob.page).to_have_title("(1) Playroom")
        bob.looks_again()
        bob.page.get_by_role("button", name="Settings").click()
        bob.page.get_by_role("checkbox", name="Notifications").check()
        assert notified(bob) == []
        bob.page.reload()
        expect(bob.status).to_have_text("Connected")  # what came before that is told, not called
        bob.looks_elsewhere()
        alice.says("bob, and now?")
        bob.page.wait_for_function("() => notified.length === 1")
        assert notified(bob)[0]["body"] == "bob, and now?"


def test_what_was_missed_while_the_connection_was_lost_calls_too(
    room: Running, visitors: Visitors
) -> None:
    """A page in the background loses its connection more often than not."""
    bob = who_may_be_notified(visitors, room, "Notifications")
    with raw_telnet(room.bound, "alice") as alice:
        bob.looks_elsewhere()
        bob.page.context.set_offline(True)
        expect(bob.status).to_contain_text("reconnecting")
        alice.says("bob, where are you?", "never mind", "/who")
        alice.sees("2 here")
        bob.page.context.set_offline(False)
        bob.page.wait_for_function("() => notified.length === 1")
        assert notified(bob)[0]["body"] == "bob, where are you?"
        expect(bob.page).to_have_title("(2) Playroom")
