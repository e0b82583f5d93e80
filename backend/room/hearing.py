"""Who hears what somebody says: all of them, but for those who do not want to.

People ignore a nick: it stays ignored when its bearer leaves and comes back, and when its bearer
takes another, that one is ignored instead, for as long as they are here: else whoever is ignored
could leave it behind on somebody else's nick. Knows nothing of who may speak.
"""

from collections.abc import Callable
from dataclasses import replace

from backend.room import names, plain
from backend.room.commands import Ignore, Unignore
from backend.room.deliveries import Delivery
from backend.room.events import Acted, Left, Noticed, Public, Said, Typing, Whispered
from backend.room.members import Member, Members
from backend.room.names import Nick
from backend.room.plain import Plain

MAX_IGNORED = 100
"""People whom one person may ignore: more than bother anybody, and no way to fill the memory."""

NOBODY: frozenset[str] = frozenset()


class Hearing:
    """Who ignores whom, looked up from either end; and the deliveries of what is said."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._lists: dict[str, dict[str, Nick]] = {}  # by connection, then by the nick's key
        self._followed: set[tuple[str, str]] = set()  # of those, what a rename has brought
        self._deaf: dict[str, frozenset[str]] = {}  # by the nick's key: who does not hear it

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        lists = self._lists.items()
        return {
            "lists": {
                who: [plain.of_nick(nick) for nick in listed.values()] for who, listed in lists
            },
            "followed": sorted([*pair] for pair in self._followed),
        }

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        for connection, listed in data["lists"].items():
            for kept in listed:
                self._add(connection, plain.nick(kept))
        self._followed.update((connection, key) for connection, key in data["followed"])

    def to_all(self, event: Said | Acted, speaker: Member) -> Delivery:
        """What is said to the room."""
        but = self._deaf_to(speaker.nick)
        # A terminal already shows what was typed on it; to a browser its own event is the receipt.
        if speaker.via == "telnet":
            but |= {speaker.connection}
        return Delivery(event, self._members.connections, but)

    def to_one(self, speaker: Member, to: str, words: str, at: float) -> Delivery:
        """What is said to one person only."""
        other = self._members.called(to)
        if other is None:
            return Delivery(Noticed(f"There is no {to} here."), (speaker.connection,))
        ends = {other.connection: None}
        if speaker.via == "web":
            ends[speaker.connection] = None
        whisper = Whispered(at, speaker.nick.text, other.nick.text, words)
        # All looks the same to one who is ignored: that is nobody's business.
        return Delivery(whisper, tuple(ends), self._deaf_to(speaker.nick))

    def of_leaving(self, event: Left, deaf: frozenset[str]) -> list[Delivery]:
        """That somebody is gone; what they said to it is not for those who ignore them."""
        to = self._members.connections
        if not (deaf and event.reason):
            return [Delivery(event, to)]
        others = frozenset(to) - deaf
        told = [Delivery(event, to, deaf)] if others else []
        return [*told, Delivery(replace(event, reason=""), to, others)]

    def to_browsers(self, event: Typing, member: Member) -> Delivery:
        """What is shown to browsers only."""
        telnets = {other.connection for other in self._members if other.via == "telnet"}
        but = self._deaf_to(member.nick) | telnets | {member.connection}
        return Delivery(event, self._members.connections, but)

    def of(self, member: Member) -> Callable[[Public], bool]:
        """Whether somebody hears an event, as far as they choose."""
        listed = self._lists.get(member.connection, {})

        def hears(event: Public) -> bool:
            if not listed or not isinstance(event, Said | Acted):
                return True
            return names.same(event.nick) not in listed

        return hears

    def obey(self, member: Member, command: Ignore | Unignore) -> str:
        """Change somebody's list; what to tell them."""
        listed = self._lists.get(member.connection, {})
        key = names.same(command.nick)
        match command:
            case Unignore(typed):
                nick = self._remove(member.connection, key)
                return f"You hear {nick.text} again." if nick else f"You do not ignore {typed}."
            case Ignore(""):
                nicks = [nick.text for nick in listed.values()]
                return f"You ignore {', '.join(nicks)}." if nicks else "You ignore nobody."
            case Ignore(typed):
                return self._ignore(member, typed, listed)

    def _deaf_to(self, nick: Nick) -> frozenset[str]:
        return self._deaf.get(nick.key, NOBODY)

    def _ignore(self, member: Member, typed: str, listed: dict[str, Nick]) -> str:
        other = self._members.called(typed)
        if other is None:
            return f"There is no {typed} here."
        if other == member:
            return "You cannot ignore yourself."
        if other.nick.key in listed:
            return f"You ignore {other.nick.text} already."
        if len(listed) >= MAX_IGNORED:
            return f"You ignore {MAX_IGNORED} people already: /unignore one of them first."
        self._add(member.connection, other.nick)
        return f"You hear no more of {other.nick.text}. /unignore {other.nick.text} ends that."

    def _add(self, connection: str, nick: Nick) -> None:
        self._lists.setdefault(connection, {})[nick.key] = nick
        self._deaf[nick.key] = self._deaf_to(nick) | {connection}

    def _remove(self, connection: str, key: str) -> Nick | None:
        listed = self._lists.get(connection, {})
        nick = listed.pop(key, None)
        self._followed.discard((connection, key))
        if nick is None:
            return None
        if not listed:
            del self._lists[connection]
        self._deaf[key] -= {connection}
        if not self._deaf[key]:
            del self._deaf[key]
        return nick

    def renamed(self, connection: str, old: Nick, new: Nick) -> None:
        """Somebody goes by another nick: so do they in the lists of others, and never in theirs."""
        for deaf in self._deaf_to(old):
            was_asked = new.key in self._lists[deaf] and (deaf, new.key) not in self._followed
            self._remove(deaf, old.key)
            self._add(deaf, new)
            if not was_asked:
                self._followed.add((deaf, new.key))
        self._remove(connection, new.key)

    def moved(self, old: str, new: str) -> None:
        """Somebody has another connection, and ignores whom they ignored."""
        for nick in tuple(self._lists.get(old, {}).values()):
            has_followed = (old, nick.key) in self._followed
            self._remove(old, nick.key)
            self._add(new, nick)
            if has_followed:
                self._followed.add((new, nick.key))

    def left(self, member: Member) -> frozenset[str]:
        """Somebody is gone, and their list with them; who did not hear them to the last."""
        deaf, nick = self._deaf_to(member.nick), member.nick.key
        for key in tuple(self._lists.get(member.connection, ())):
            self._remove(member.connection, key)
        for each in deaf:
            if (each, nick) in self._followed:
                self._remove(each, nick)
        return deaf
