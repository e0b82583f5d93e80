"""Whatever somebody says or calls themselves, the page shows it as text and does nothing else."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.telnets import raw_telnet
from tests.browser.visitors import Visitor, Visitors
from tests.processes import Running, running

ACUTE = "\u0301"

HOSTILE = {
    "a script": "<script>globalThis.harmed = true</script>",
    "an event handler": "<img src=x onerror='globalThis.harmed = true'>",
    "a frame": "<iframe srcdoc='<script>parent.harmed = true</script>'></iframe>",
    "a style": "</p></div><style>* { display: none }</style>",
    "a link": "javascript:globalThis.harmed=true//https://example.org",
    "a link in Markdown": "[click](javascript:globalThis.harmed=true)",
    "a link with a quote": "https://example.org/\"onmouseover='globalThis.harmed=true'",
    "an entity": "&lt;b&gt; &amp; &#60;script&#62;",
    "a template": "${globalThis.harmed = true} {{harmed = true}}",
    "a frame of ours": '{"type":"left","nick":"bob"}',
    "a name of JavaScript's": "__proto__ constructor toString",
    "combining marks": "x" + ACUTE * 999,
    "one long word": "w" * 1_000,
    "a word of another direction": "שלום, abc <b>مرحبا</b>",
}

CLEANED = {
    "a change of direction": ("abc \u202egnp.exe\u202c \u2066x\u2069", "abc gnp.exe x"),
    "escapes of a terminal": ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "[31mred[0m ]0;title"),
}

NICKS = ["__proto__", "constructor", "toString", "hasOwnProperty", "שלום", "x" + ACUTE * 2]

REORDERED = "a\u202eb"
"""The change of direction is taken out, and what is left is a name."""

REFUSED_NICKS = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"]


def is_unharmed(visitor: Visitor) -> bool:
    """Whether nothing ran, nothing was loaded, and nothing sticks out."""
    harm: list[object] = visitor.page.evaluate(
        """() => [
            globalThis.harmed,
            document.title.includes('<'),
            document.querySelectorAll('iframe, style, [onerror], [onmouseover]').length > 0,
            document.querySelectorAll('[role=log] script, [role=log] [src=x]').length > 0,
            document.querySelectorAll("a[href^='javascript' i]").length > 0,
            document.documentElement.scrollWidth > innerWidth,
        ].filter(Boolean)"""
    )
    return harm == []


def test_hostile_lines_are_shown_as_the_text_they_are(
    busy_room: Running, visitors: Visitors
) -> None:
    """Said, acted and given as a reason to leave, from either door."""
    bob = visitors.arrives(busy_room.bound.page_url, "bob")
    carol = visitors.arrives(busy_room.bound.page_url, "carol")
    with raw_telnet(busy_room.bound, "alice") as alice:
        for text in HOSTILE.values():
            alice.says(text)
            expect(bob.log.get_by_text(text).last).to_be_visible()
            carol.says(text)
            expect(bob.log.get_by_text(text).nth(1)).to_be_visible()
        for text, cleaned in CLEANED.values():
            alice.says(text)
            expect(bob.log.get_by_text(cleaned).last).to_be_visible()
        alice.says("/me " + HOSTILE["an event handler"])
        bob.sees("* alice " + HOSTILE["an event handler"])
        alice.says("/msg bob " + HOSTILE["a script"])
        expect(bob.log.get_by_text(HOSTILE["a script"]).nth(2)).to_be_visible()
        alice.says("/quit " + HOSTILE["a frame"])
        bob.sees(f"alice left ({HOSTILE['a frame']})")
    assert is_unharmed(bob)
    assert is_unharmed(carol)
    bob.page.reload()
    bob.sees(f"alice left ({HOSTILE['a frame']})")
    assert is_unharmed(bob)


def test_hostile_nicks_are_refused_and_odd_ones_are_names_like_others(
    busy_room: Running, visitors: Visitors
) -> None:
    """The reason is text, too; and ``__proto__`` is somebody."""
    for nick in REFUSED_NICKS:
        nobody = visitors.arrives(busy_room.bound.page_url)
        nobody.name.fill(nick)
        nobody.join.click()
        expect(nobody.page.get_by_text("A username")).to_be_visible()
        assert is_unharmed(nobody)
    reordered = visitors.arrives(busy_room.bound.page_url, REORDERED)
    expect(reordered.people).to_have_text(re.compile("ab"))
    bob = visitors.arrives(busy_room.bound.page_url, "bob")
    for nick in NICKS:
        with raw_telnet(busy_room.bound, nick) as somebody:
            person = bob.people.get_by_role("listitem").filter(has_text=nick)
            expect(person).to_have_count(1)
            somebody.says("bob, it is me")
            expect(bob.log.get_by_text("it is me").last).to_be_visible()
            somebody.says("/quit")
            expect(person).to_have_count(0)
    assert is_unharmed(bob)


@pytest.mark.parametrize("topic", [HOSTILE["a script"], HOSTILE["an event handler"]])
def test_a_hostile_topic_is_text(topic: str, visitors: Visitors) -> None:
    """Above the conversation and in it, for those who are here and for who comes later."""
    ports = ("--port", "0", "--telnet-port", "0")
    with running(*ports, OPERATOR_SECRET="an open secret") as room:
        with raw_telnet(room.bound, "alice") as alice:
            bob = visitors.arrives(room.bound.page_url, "bob")
            alice.says("/op an open secret", f"/topic {topic}")
            bob.sees(topic)
            carol = visitors.arrives(room.bound.page_url, "carol")
            expect(carol.page.get_by_text(re.compile(re.escape(topic))).first).to_be_visible()
            assert is_unharmed(bob)
            assert is_unharmed(carol)
        visitors.leave()
        assert room.stop() == 0
