"""The task tree on a terminal, and as JSON."""

import json
from dataclasses import replace

import pytest
from wcwidth import width

from backend.room.tasks import Excerpt, More, Nursery, Ran, Task, Tasks
from backend.wire import frames, terminal
from backend.wire.terminal import Style, to_text


def task(id: int, name: str, *nurseries: Nursery, **fields: object) -> Task:
    """A task that is ten minutes old, and waits in ``net.peer``."""
    plain = Task(id, name, "net.peer.Peer.receive", "net/peer.py", 93, 1_000.0, False, nurseries)
    return replace(plain, **fields)  # type: ignore[arg-type]


TREE = Tasks(
    1_600.0,
    task(
        1,
        "main",
        Nursery(),
        Nursery(
            (
                task(2, "alice (telnet)", nick="alice", mail=2_048),
                task(3, "bob (web)", Nursery((task(4, "bob: reader"),)), nick="bob", mail=0),
            ),
            (More("browsers", 940),),
        ),
        Nursery((task(5, "door", since=1_599.5, is_cancelled=True, waits_on=""),)),
    ),
)

LINES = """\
main  10 min  net.peer.Peer.receive:93
├─ nursery 1
│  ├─ alice (telnet)  [2,048 bytes wait]  10 min  net.peer.Peer.receive:93
│  ├─ bob (web)  10 min  net.peer.Peer.receive:93
│  │  └─ bob: reader  10 min  net.peer.Peer.receive:93
│  └─ and 940 more: browsers
└─ nursery 2
   └─ door  CANCELLED  0 s
""".splitlines()


def shown(style: Style) -> list[str]:
    """The lines on such a terminal, without what begins each of them."""
    lines = to_text(TREE, style).split("\r\n")
    assert lines.pop() == ""
    assert all(line.startswith("<meta>: ") for line in lines)
    return [line.removeprefix("<meta>: ") for line in lines]


def test_the_tree_is_drawn_with_its_branches() -> None:
    """Name first; a nursery has a line of its own only where there are several."""
    assert shown(Style()) == LINES


def test_a_terminal_without_line_characters_gets_ascii() -> None:
    """The same tree, stroke for stroke."""
    ascii_lines = [line.replace("├─", "|-").replace("└─", "`-").replace("│", "|") for line in LINES]
    assert shown(Style(encoding="latin-1")) == ascii_lines


@pytest.mark.parametrize("columns", [20, 40, 80, 500])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_no_line_of_the_tree_is_wider_than_the_terminal(columns: int, encoding: str) -> None:
    """It is cut and not wrapped, and says so."""
    style = Style(width=columns, encoding=encoding)  # type: ignore[arg-type]
    lines = to_text(TREE, style).split("\r\n")[:-1]
    assert len(lines) == len(LINES)
    assert all(width(line) < columns for line in lines)
    cut = "…" if encoding == "utf-8" else "..."
    for line, whole in zip(lines, shown(replace(style, width=None)), strict=True):
        assert line.endswith(cut) is (line != f"<meta>: {whole}")


def test_a_wide_name_is_cut_between_characters() -> None:
    """Columns are counted, not characters."""
    tree = Tasks(1_600.0, task(1, "王" * 40))
    (line, _) = to_text(tree, Style(width=40)).split("\r\n")
    assert width(line) in (38, 39)
    assert line.endswith("王…")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_200, "2 h"), (1e6, "11 d")],
)
def test_an_age_is_told_in_one_unit(seconds: float, said: str) -> None:
    """Rounded down, as people do with their own."""
    tree = Tasks(1_000.0 + seconds, task(1, "main", waits_on=""))
    assert to_text(tree) == f"<meta>: main  {said}\r\n"


def test_the_page_gets_the_tree_as_json() -> None:
    """Nested as the nurseries are; what is not known is left out."""
    told = json.loads(frames.to_json(TREE))
    assert (told["type"], told["at"]) == ("tasks", 1_600.0)
    inner = told["root"]["nurseries"][1]
    assert inner["more"] == [{"kind": "browsers", "count": 940}]
    assert inner["tasks"][0] == {
        "id": 2,
        "name": "alice (telnet)",
        "waits_on": "net.peer.Peer.receive",
        "file": "net/peer.py",
        "line": 93,
        "since": 1_000.0,
        "is_cancelled": False,
        "nurseries": [],
        "nick": "alice",
        "mail": 2_048,
    }
    assert "nick" not in told["root"]
    assert "mail" not in told["root"]


def test_what_has_run_is_for_the_page_only() -> None:
    """A terminal cannot glow."""
    assert json.loads(frames.to_json(Ran((2, 3)))) == {"type": "ran", "ids": [2, 3]}
    assert terminal.encode(Ran((2, 3))) == b""


def test_source_is_shown_with_its_line_numbers() -> None:
    """Indented as it is."""
    excerpt = Excerpt("net/peer.py", 9, ("async def f():", "    await g()", ""))
    assert to_text(excerpt).split("\r\n") == [
        "<meta>: net/peer.py",
        "<meta>:    9  async def f():",
        "<meta>:   10      await g()",
        "<meta>:   11",
        "",
    ]
    assert json.loads(frames.to_json(excerpt)) == {
        "type": "source",
        "file": "net/peer.py",
        "first": 9,
        "lines": ["async def f():", "    await g()", ""],
    }
