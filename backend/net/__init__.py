"""Sockets and people, on Trio.

May import ``journal``, ``wire`` and ``room``, and the libraries that speak to the world (trio,
trio_websocket, hypercorn, quart, quart_trio, h11). ``tcp`` and ``gateway``, the two doors, never
meet: what both need is in ``session``, ``connection``, ``outbox``, ``hub`` and ``websocket``.
"""
