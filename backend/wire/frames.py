"""An event as one websocket frame: ``encode(event) -> bytes``.

A server's frames are unmasked and, without compression, carry no state from one to the next, so
the bytes made here once are the very bytes every browser gets. Knows no connection.
"""

import json
from dataclasses import asdict
from typing import Any

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from backend.room import events, tasks
from backend.wire.people import listed

_TYPES: dict[type[events.Event], str] = {
    events.Prompted: "prompt",
    events.Welcomed: "welcome",
    events.Said: "said",
    events.Acted: "acted",
    events.Joined: "joined",
    events.Left: "left",
    events.Presence: "presence",
    events.Renamed: "renamed",
    events.Topic: "topic",
    events.Recalled: "history",
    events.Typing: "typing",
    events.Whispered: "whispered",
    events.Listed: "notice",
    events.Noticed: "notice",
    events.Moderated: "notice",
    events.Dismissed: "notice",
    tasks.Tasks: "tasks",
    tasks.Ran: "ran",
    tasks.Excerpt: "source",
}

# Only ever sends, and only whole frames: then a wsproto connection has nothing to remember.
_server = Connection(ConnectionType.SERVER)

PING = _server.send(Ping())
"""The ping every browser gets; the pong that answers it counts as a sign of life like any byte."""


def to_json(event: events.Event) -> str:
    """The event as the websocket contract's JSON object.

    Fields that are None are left out, and so are a dismissal's code (that travels in the close
    frame) and whom an operator's deed was done to. What is only for people to read, such as the
    answer to ``/who``, is a notice.
    """
    return _compact(_message(event))


def _compact(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _message(event: events.Event) -> dict[str, Any]:
    match event:
        case events.Listed():
            fields: dict[str, Any] = {"text": listed(event)}
        case events.Dismissed(text) | events.Moderated(text=text):
            fields = {"text": text}
        case events.Recalled(since, before, past, more):
            happened = [_message(each) for each in past]
            fields = {"since": since, "before": before, "events": happened, "more": more}
        case _:
            fields = asdict(event, dict_factory=_told)
    return {"type": _TYPES[type(event)], **fields}


def _told(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in fields if value is not None}


def encode(event: events.Event) -> bytes:
    """The event as one complete text frame (RFC 6455, FIN set, unmasked)."""
    return _server.send(TextMessage(data=to_json(event)))


def binary(data: bytes) -> bytes:
    """Bytes as one complete binary frame."""
    return _server.send(BytesMessage(data=data))


def cue(event: events.Event) -> bytes:
    """What a bridge must know of the event in the next frame to resume the seat behind it.

    As one complete text frame; nothing if there is nothing to know.
    """
    match event:
        case events.Prompted():
            fields: dict[str, Any] = {"type": "prompted"}
        case events.Welcomed(nick=nick, token=token, resumed=resumed, last=last, heard=heard):
            fields = {"type": "seat", "nick": nick, "token": token, "resumed": resumed}
            fields |= {"last": last, "heard": heard}
        case events.Renamed(id=last, old=old, new=new):
            fields = {"type": "renamed", "last": last, "old": old, "new": new}
        case events.Whispered():
            fields = {"type": "whispered"}
        case events.Recalled(before=before):
            fields = {"type": "shown", "last": before - 1}
        case _ if isinstance(event, events.Public):
            fields = {"type": "shown", "last": event.id}
        case _:
            return b""
    return _server.send(TextMessage(data=_compact(fields)))


def close(code: int, reason: str) -> bytes:
    """A close frame (RFC 6455, 5.5.1). Nothing may be sent behind it."""
    # A connection of its own: having said this, it would say nothing more to anybody.
    return Connection(ConnectionType.SERVER).send(CloseConnection(code=code, reason=reason))
