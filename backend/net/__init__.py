"""Sockets and people, on Trio.

May import ``journal``, ``wire``, ``room``, ``config``, ``logs`` and ``nursery_view``, and the
libraries that speak to the world (trio, trio_websocket, hypercorn, quart, quart_trio, h11,
prometheus_client). ``tcp`` and ``gateway``, the two doors, never meet: what both need is in
``session``, ``connection``, ``doorkeeper``, ``outbox``, ``peer``, ``hub`` and ``websocket``.
"""
