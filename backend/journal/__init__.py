"""The ordered log behind the room.

May import ``backend.room.entries``, trio, and for Redis coredis and what that stands on, anyio.
Knows neither people's connections nor what the room makes of an entry; whoever follows the journal
gets every entry once, in one order.
"""
