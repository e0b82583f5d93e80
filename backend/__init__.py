"""Playroom: one chat room that browsers and telnet users share, served by a single Trio process.

The house, and what may import what (``tests/test_imports.py`` keeps it so)::

    cli.py        the command line            app, config, machine, logs, net.listen
    app.py        the one nursery             everything
    config.py     the settings                -
    machine.py    what there is room for      -
    logs.py       how the log is written      -
    room/         the room, pure              -
    wire/         codecs, sans-I/O            room
    journal/      the ordered log             room.entries
    net/          sockets and people, Trio    journal, wire, room, config, logs

A line's way from a telnet to a browser's page: ``net.tcp`` reads bytes, ``wire.telnet`` makes a
line of them, ``net.session`` hands it to ``net.hub``, ``room.apply`` answers with deliveries, the
hub encodes each event once per wire and pushes it into mailing lists (``net.outbox``),
``net.postman`` writes, and the page's ``socket.js`` reads.
"""
