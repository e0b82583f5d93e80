"""Telnet into a room whose host passes HTTP only: a local port, and behind it ``/telnet``.

May import ``logs``, ``net.listen``, ``net.peer``, ``process``, ``room.codes`` and ``wire``, and the
libraries trio, wsproto, h11 and click. It is a client: it knows a room by what its wire says, and
shares no state with one.
"""
