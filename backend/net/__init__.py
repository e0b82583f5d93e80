"""Sockets and people, on Trio.

May import ``journal``, ``wire``, ``room``, ``certificate``, ``config``, ``logs`` and
``nursery_view``, and the libraries that speak to the world (trio, trio_websocket, hypercorn, quart,
quart_trio, h11, prometheus_client, rcssmin, rjsmin). ``tcp``, ``gateway`` and ``tunnel``, the three
doors, never meet: what they share is in ``session``, ``telnet``, ``connection``, ``doorkeeper``,
``outbox``, ``peer``, ``introduction``, ``tls``, ``hub`` and ``websocket``.
"""
