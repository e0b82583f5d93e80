"""Who may do what: the Q method of RFC 1143, state by state and against itself."""

import copy
from collections import deque
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.wire.options import DO, DONT, IAC, WILL, WONT, End, Options, subnegotiation

OPTION = 42

VERBS = (WILL, WONT, DO, DONT)

ENDS: tuple[End, ...] = ("us", "peer")

# What one says and hears of an option at either end: to have it on, to have it off.
SAID: dict[End, tuple[int, int]] = {"us": (WILL, WONT), "peer": (DO, DONT)}
HEARD: dict[End, tuple[int, int]] = {"us": (DO, DONT), "peer": (WILL, WONT)}

# The ways into each state of RFC 1143, where both ends know the option.
WAYS = {
    "no": [],
    "yes": ["ask on", "hear on"],
    "want no": ["ask on", "hear on", "ask off"],
    "want no, then yes": ["ask on", "hear on", "ask off", "ask on"],
    "want yes": ["ask on"],
    "want yes, then no": ["ask on", "ask off"],
}

# Section 7 of the RFC, as: state, what happens, what is said, state.
TABLE = [
    ("no", "hear on", "on", "yes"),
    ("no", "hear off", None, "no"),
    ("no", "ask on", "on", "want yes"),
    ("no", "ask off", None, "no"),
    ("yes", "hear on", None, "yes"),
    ("yes", "hear off", "off", "no"),
    ("yes", "ask on", None, "yes"),
    ("yes", "ask off", "off", "want no"),
    ("want no", "hear on", None, "no"),
    ("want no", "hear off", None, "no"),
    ("want no", "ask on", None, "want no, then yes"),
    ("want no", "ask off", None, "want no"),
    ("want no, then yes", "hear on", None, "yes"),
    ("want no, then yes", "hear off", "on", "want yes"),
    ("want no, then yes", "ask on", None, "want no, then yes"),
    ("want no, then yes", "ask off", None, "want no"),
    ("want yes", "hear on", None, "yes"),
    ("want yes", "hear off", None, "no"),
    ("want yes", "ask on", None, "want yes"),
    ("want yes", "ask off", None, "want yes, then no"),
    ("want yes, then no", "hear on", "off", "want no"),
    ("want yes, then no", "hear off", None, "no"),
    ("want yes, then no", "ask on", None, "want yes"),
    ("want yes, then no", "ask off", None, "want yes, then no"),
]


class Script:
    """One option at one end, told what happens in the words of the table."""

    def __init__(self, end: End, *happens: str, known: bool = True) -> None:
        allowed = {OPTION} if known else set[int]()
        self.options = Options(ours=allowed, theirs=allowed)
        self._end = end
        for what in happens:
            self.after(what)

    def after(self, what: str) -> str | None:
        """What is said to that."""
        verb, _, wish = what.partition(" ")
        if verb == "ask":
            said = self.options.ask(self._end, OPTION, wish == "on")
        else:
            said = self.options.receive(HEARD[self._end][wish == "off"], OPTION)
        if not said:
            return None
        on, off = SAID[self._end]
        return {bytes((IAC, on, OPTION)): "on", bytes((IAC, off, OPTION)): "off"}[said]

    @property
    def is_on(self) -> bool:
        """As the codec sees it."""
        return self.options.is_on(self._end, OPTION)

    def tells(self) -> list[object]:
        """All that can be told of its state: what it would do, whatever happens next, twice."""
        happens = ("hear on", "hear off", "ask on", "ask off")
        told: list[object] = [self.is_on]
        for one, other in product(happens, happens):
            tried = copy.deepcopy(self)
            told += [tried.after(one), tried.is_on, tried.after(other), tried.is_on]
        return told


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("state", "happens", "said", "then"), TABLE)
def test_every_state_goes_where_rfc_1143_says(
    end: End, state: str, happens: str, said: str | None, then: str
) -> None:
    """Every row of its tables, at either end."""
    script = Script(end, *WAYS[state])
    assert script.after(happens) == said
    assert script.tells() == Script(end, *WAYS[then]).tells()


def test_the_table_has_every_state_and_all_that_can_happen() -> None:
    """Six states, of which no two behave alike, and four things that can happen."""
    assert {row[:2] for row in TABLE} == set(
        product(WAYS, ("hear on", "hear off", "ask on", "ask off"))
    )
    states = [Script("us", *way).tells() for way in WAYS.values()]
    assert all(state not in states[:number] for number, state in enumerate(states))


@pytest.mark.parametrize("end", ENDS)
def test_only_what_both_ends_agreed_on_is_on(end: End) -> None:
    """Neither our wish alone nor the end of an option counts."""
    for state, way in WAYS.items():
        assert Script(end, *way).is_on == (state == "yes")


@pytest.mark.parametrize("end", ENDS)
def test_an_option_at_one_end_is_nothing_at_the_other(end: End) -> None:
    """They are two options of one name."""
    options = Script(end, "ask on", "hear on").options
    (other,) = set(ENDS) - {end}
    assert options.is_on(end, OPTION)
    assert not options.is_on(other, OPTION)
    assert options.receive(HEARD[other][1], OPTION) == b""
    assert options.is_on(end, OPTION)


@pytest.mark.parametrize("end", ENDS)
def test_unknown_options_are_refused_once_and_never_again(end: End) -> None:
    """Whoever insists gets no second answer, until it has taken the wish back."""
    script = Script(end, known=False)
    assert script.after("hear off") is None
    assert script.after("hear on") == "off"
    for _ in range(3):
        assert script.after("hear on") is None
        assert not script.is_on
    assert script.after("hear off") is None
    assert script.after("hear on") == "off"


@pytest.mark.parametrize("end", ENDS)
def test_an_option_that_was_refused_can_still_be_asked_for(end: End) -> None:
    """To refuse a thing that nobody asked for yet is not to refuse it for ever."""
    script = Script(end, "hear on", known=False)
    assert script.after("ask off") is None
    assert script.after("ask on") == "on"
    assert not script.is_on
    assert script.after("hear on") is None
    assert script.is_on
    assert script.after("hear off") == "off"
    assert script.after("hear on") == "off"


@pytest.mark.parametrize("end", ENDS)
def test_a_peer_that_still_waits_for_its_second_answer_has_it_when_we_ask(end: End) -> None:
    """To that peer our question is the answer, and it will not say more (GNU telnet does this)."""
    script = Script(end, known=False)
    assert script.after("hear on") == "off"
    answered = script.after("hear on")
    assert script.after("ask on") == "on"
    if answered:
        script.after("hear on")  # not waiting any more, it takes this for a question
    assert script.is_on


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_has_a_number_of_one_byte(verb: int) -> None:
    """From 0 to 255, which is IAC's own."""
    for option in range(256):
        options = Options(ours=(), theirs=())
        refusal = {WILL: DONT, DO: WONT}.get(verb)
        expected = b"" if refusal is None else bytes((IAC, refusal, option))
        assert options.receive(verb, option) == expected


def test_a_subnegotiation_doubles_255_in_its_payload_only() -> None:
    """RFC 855; whoever reads it takes them for one again."""
    assert subnegotiation(31, b"\0\xff\xff\x18") == bytes.fromhex("fffa1f 00ffffffff18 fff0")
    assert subnegotiation(255, b"") == bytes.fromhex("fffaff fff0")


# --- two programs that both keep to it ---

Ask = tuple[int, End, int, bool]
"""Which side, at whose end, which option, on or off."""

OPTIONS = (1, 3, 31)


class Pair:
    """Two programs' options, connected; messages stay on their way until they are let through."""

    def __init__(self, *allowed: tuple[set[int], set[int]]) -> None:
        self.sides = [Options(ours=ours, theirs=theirs) for ours, theirs in allowed]
        self.on_the_way: list[deque[bytes]] = [deque(), deque()]
        self.messages = 0

    def ask(self, side: int, end: End, option: int, on: bool) -> None:
        """One side wants something."""
        self._send(side, self.sides[side].ask(end, option, on))

    def let_through(self, side: int) -> None:
        """One side receives a message, if there is one."""
        if self.on_the_way[side]:
            _, verb, option = self.on_the_way[side].popleft()
            self._send(side, self.sides[side].receive(verb, option))

    def _send(self, side: int, message: bytes) -> None:
        assert len(message) in (0, 3)
        if message:
            self.messages += 1
            self.on_the_way[1 - side].append(message)

    def opinions(self) -> Iterator[tuple[bool, bool]]:
        """What the two think of each option at each end."""
        for option, (end, across) in product(OPTIONS, (("us", "peer"), ("peer", "us"))):
            yield (
                self.sides[0].is_on(end, option),  # type: ignore[arg-type]
                self.sides[1].is_on(across, option),  # type: ignore[arg-type]
            )


SIDE = st.integers(0, 1)
ASK = st.tuples(SIDE, st.sampled_from(ENDS), st.sampled_from(OPTIONS), st.booleans())
SOME = st.sets(st.sampled_from(OPTIONS))


@settings(deadline=None, max_examples=400)
@given(
    st.tuples(st.tuples(SOME, SOME), st.tuples(SOME, SOME)),
    st.lists(ASK | SIDE, max_size=40),
    SIDE,
)
@example(((set(), set()), ({1}, set())), [(0, "us", 1, True), (1, "peer", 1, True)], 0)
@example(((set(), set()), (set(), set())), [(0, "us", 1, True), 1, (0, "us", 1, False), 0], 0)
# Refused twice, the second time in silence; then the one that refused asks.
@example(
    ((set(), set()), (set(), set())),
    [(0, "peer", 1, True), 1, 0, (0, "peer", 1, True), 1, (1, "us", 1, True)],
    0,
)
def test_two_programs_always_come_to_rest_and_agree(
    allowed: tuple[tuple[set[int], set[int]], tuple[set[int], set[int]]],
    steps: list[Ask | int],
    last: int,
) -> None:
    """Whatever both ask for and whenever, and however long messages are on their way."""
    pair = Pair(*allowed)
    asks = 0
    for step in steps:
        if isinstance(step, tuple):
            asks += 1
            pair.ask(*step)
        else:
            pair.let_through(step)
    while any(pair.on_the_way):
        pair.let_through(last)
        pair.let_through(1 - last)
        assert pair.messages <= 4 * asks, "they never stop"
    assert all(one == other for one, other in pair.opinions())


# --- and peers that do not ---


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(VERBS), st.sampled_from((*OPTIONS, 0, 255)))
        | st.tuples(st.sampled_from(ENDS), st.sampled_from(OPTIONS), st.booleans()),
        max_size=100,
    )
)
def test_a_peer_that_says_anything_gets_at_most_one_reply_to_each(
    steps: list[tuple[int, int] | tuple[End, int, bool]],
) -> None:
    """Of the right kind, about the same option; and none for saying the same again unasked."""
    options = Options(ours={31}, theirs={3, 31})
    heard: dict[tuple[bool, int], int] = {}
    asked: set[tuple[bool, int]] = set()
    for step in steps:
        if len(step) == 3:
            end, option, on = step
            assert options.ask(end, option, on) in (
                b"",
                bytes((IAC, SAID[end][0 if on else 1], option)),
            )
            asked.add((end == "us", option))
            continue
        verb, option = step
        reply = options.receive(verb, option)
        kinds = SAID["us"] if verb in HEARD["us"] else SAID["peer"]
        assert reply in (b"", *(bytes((IAC, kind, option)) for kind in kinds))
        about = (verb in HEARD["us"], option)
        if heard.get(about) == verb and about not in asked:
            assert reply == b""
        heard[about] = verb


def test_no_fixed_way_of_answering_makes_refusals_go_on_for_ever() -> None:
    """A program that has one answer for WILL, one for WONT and so on ends the talk, or we do."""
    for answers in product((*VERBS, None), repeat=len(VERBS)):
        reaction = dict(zip(VERBS, answers, strict=True))
        for first in VERBS:
            options = Options(ours=(), theirs=())
            verb: int | None = first
            said = 0
            while verb is not None and (reply := options.receive(verb, OPTION)):
                verb = reaction[reply[1]]
                said += 1
                assert said < 10, f"to {first}, a peer that answers {reaction}"
