"""Playroom: one chat room that browsers and telnet users share, served by a single Trio process.

The house, and what may import what (``tests/test_imports.py`` keeps it so)::

    cli.py           the command line    app, banner, bridge, config, console, echo, history, logs,
                                         machine, net.listen, options, process, tls_options
    options.py       how flags are read  config, journal.address
    tls_options.py   those of TLS        certificate, options
    banner.py        what start says     app, config, net.listen
    process.py       start and end       console, journal, net.listen
    console.py       what it started on  -
    app.py           the one nursery     everything
    echo.py          where it began      net.listen
    history.py       what was said       journal, options, room, wire
    bridge/          telnet, tunnelled   logs, net.listen, net.peer, process, room.codes, wire
    config.py        the settings        certificate
    certificate.py   what TLS shows      -
    machine.py       how much fits       -
    logs.py          how logs look       -
    nursery_view.py  the live task tree  room.tasks
    room/            the room, pure      -
    wire/            codecs, sans-I/O    room
    journal/         the ordered log     room.entries
    net/             sockets and people  journal, wire, room, certificate, config, logs,
                                         nursery_view

A line's way from a telnet to a browser's page: ``net.tcp`` reads bytes for ``net.telnet``,
``wire.telnet`` makes a line of them, ``net.session`` hands it to ``net.hub``, which records it in
the journal; what follows it is ``room.apply``, which answers with deliveries; ``net.dispatch``
encodes each event once per wire and pushes it into mailing lists (``net.outbox``), ``net.postman``
writes, and the page's ``socket.js`` reads.
"""
