"""Each server of the benchmark really is a chat server, and both load generators can tell.

Three members and a few lines each; nothing here looks at a clock. What the figures are is for
``python -m tests.bench`` to say.
"""

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

import pytest

if sys.platform != "linux":
    pytest.skip("the benchmark needs epoll and /proc", allow_module_level=True)

from tests.bench import load, plot, table
from tests.bench.onlooker import Onlooker
from tests.bench.servers import FLOOR, OURS, SERVERS, Server, running
from tests.bench.table import Question, Sample
from tests.bench.workloads import LINE, LONG_LINE, WORKLOADS
from tests.bench.workshop import MissingError, Workshop, workshop

MEMBERS = 3
LIMIT_MS = 5_000

DOORS = [
    pytest.param(server, door, id=f"{server.name}, {door}")
    for server in SERVERS
    for door in server.doors
]
each_server = pytest.mark.parametrize(("server", "door"), DOORS)


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """One workshop for all: what is compiled or installed once stays."""
    with workshop() as made:
        yield made


def converse(
    server: Server, door: str, shop: Workshop, command: Sequence[str]
) -> list[load.Counts]:
    """Let three in, and let them talk in every way there is; what was counted."""
    try:
        server.prepare(shop)
    except MissingError as why:
        pytest.skip(str(why))
    shares = {door: MEMBERS} if door != "mixed" else {"telnet": 2, "web": 1}
    with (
        running(server, shop, door, announce=True) as process,
        load.generating(command, "block") as generator,
    ):
        for each, count in shares.items():
            port = process.ports[each]
            joined = generator.ask("join", each, port, count, count, 0, LIMIT_MS)
            assert joined["joined"] == count
        assert process.resident > 0
        counts = [
            generator.ask("call", MEMBERS, LINE, LIMIT_MS),
            generator.ask("burst", 2, LONG_LINE, LIMIT_MS),
            generator.ask("crowd", MEMBERS, LINE, LIMIT_MS),
        ]
        assert process.cpu_seconds > 0
        return counts


def assert_all_came(counts: list[load.Counts]) -> None:
    """Everything due came to everybody it was due to, and nobody fell out."""
    for counted in counts:
        assert counted["due"] >= MEMBERS
        assert counted["came"] == counted["due"]
        assert counted["wrong"] == counted["lost"] == 0


@each_server
def test_a_server_tells_everybody_what_one_says(server: Server, door: str, shop: Workshop) -> None:
    """Call, burst and crowd, in short and in long lines: a copy each, neither more nor less."""
    command, _ = load.program(shop)
    assert_all_came(converse(server, door, shop, command))


@pytest.mark.parametrize("door", ["telnet", "web", "mixed"])
def test_the_generator_without_a_compiler_counts_the_same(door: str, shop: Workshop) -> None:
    """The Python generator understands the same commands, and gives the same answers."""
    (ours,) = [server for server in SERVERS if server.name == OURS]
    assert_all_came(converse(ours, door, shop, load.SLOW))


def samples() -> list[Sample]:
    """Two rounds at two sizes, of the floor and one that is twice as slow."""
    return [
        Sample(
            Question("call", "telnet", size),
            name,
            round,
            {WORKLOADS["call"].figure: times * size * (1 + round)},
        )
        for size in (10, 100)
        for name, times in ((FLOOR, 1.0), (OURS, 2.0))
        for round in range(2)
    ]


def test_an_onlooker_is_shown_the_tree(shop: Workshop) -> None:
    """Or what it costs to look on would be the cost of nothing."""
    (ours,) = [server for server in SERVERS if server.name == OURS]
    with (
        running(ours, shop, "web", announce=True) as process,
        Onlooker(process.ports["web"]) as onlooker,
    ):
        onlooker.look(True)
        deadline = time.monotonic() + LIMIT_MS / 1000
        while not onlooker.shown:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_where_nobody_shows_a_tree_there_is_no_figure() -> None:
    """Whoever does not know the question hangs up, or is given up."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        onlooker = Onlooker(door.getsockname()[1])
        guest, _ = door.accept()
        guest.shutdown(socket.SHUT_WR)
        with guest, pytest.raises(ConnectionError, match="nobody"), onlooker:
            pass


def test_a_ratio_is_made_within_its_round() -> None:
    """A round in which everything is slower changes no ratio."""
    ratio = table.ratio(samples(), Question("call", "telnet", 10), OURS)
    assert ratio == table.Spread(2.0, 2.0, 2.0)


def test_the_table_shows_failures_and_growth() -> None:
    """A server that did not do its work has a row, with the reason."""
    failed = Sample(Question("call", "telnet", 10), "other", 0, {}, "dropped 3 who read")
    lines = list(table.lines([*samples(), failed]))
    assert any(line.startswith("other") and line.endswith("dropped 3 who read") for line in lines)
    assert any(line.split() == [OURS, "1", "10"] for line in lines)


def test_the_picture_is_svg_with_a_curve_each() -> None:
    """Well-formed, and both servers are in it."""
    root = ElementTree.fromstring(plot.svg(samples()))
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    assert any(text.startswith(OURS) for text in texts)
    assert any(text.startswith(FLOOR) for text in texts)
