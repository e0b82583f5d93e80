"""The one task that writes to everybody.

What was pushed in one turn of the scheduler leaves in the next with one non-blocking send per
connection, and without a task switch per connection. A connection that will not take its mail gets
a task of its own, which waits until it can be written to. Whatever writing to one connection
raises is that connection's end, and never the Postman's. Knows no event and no protocol.
"""

import trio

from backend.net.outbox import MailingList, Outbox
from backend.net.turn import Turn

BETWEEN_LOOKS = 64
"""Connections written to between two looks at the clock."""


class Postman:
    """Carries what outboxes and mailing lists announce.

    Attributes:
        waiting: the tasks that wait for a connection, and for whose mail.
    """

    def __init__(self) -> None:
        self.waiting: dict[trio.lowlevel.Task, Outbox] = {}
        self._mailings: list[MailingList] = []
        self._outboxes: list[Outbox] = []
        self._mail = trio.Event()

    def announce_mailing(self, mailing: MailingList) -> None:
        """There is mail for everybody on this list."""
        self._mailings.append(mailing)
        self._mail.set()

    def announce(self, outbox: Outbox) -> None:
        """There is mail for somebody alone."""
        self._outboxes.append(outbox)
        self._mail.set()

    async def run(self) -> None:
        """Make rounds until cancelled."""
        async with trio.open_nursery() as waiting:
            while True:
                await self._mail.wait()
                self._mail = trio.Event()
                turn = Turn()
                # The lists first: whoever has mail of both kinds gets it in one send.
                mailings, self._mailings = self._mailings, []
                for mailing in mailings:
                    await self._carry(mailing, turn)
                outboxes, self._outboxes = self._outboxes, []
                for start in range(0, len(outboxes), BETWEEN_LOOKS):
                    for outbox in self._send_own(outboxes[start : start + BETWEEN_LOOKS]):
                        waiting.start_soon(self._send_rest, outbox, name="outbox")
                    await turn.give_way()

    async def _send_rest(self, outbox: Outbox) -> None:
        task = trio.lowlevel.current_task()
        self.waiting[task] = outbox
        try:
            await outbox.send_rest()
        finally:
            del self.waiting[task]

    async def _carry(self, mailing: MailingList, turn: Turn) -> None:
        """Send to everybody on a list what is there now."""
        begin, end, data = mailing.pick_up()
        for start in range(0, len(mailing.outboxes), BETWEEN_LOOKS):
            self._send_alike(mailing, start, begin, end, data)
            await turn.give_way()
        mailing.picked_up(end)

    def _send_alike(
        self, mailing: MailingList, start: int, begin: int, end: int, data: bytes
    ) -> None:
        # What a copy costs is decided here: ``python -m tests.bench`` measures it against a C loop
        # that does nothing but send. So nothing is called, and nothing touched, that need not be
        # for those who are in step; and nearly all are.
        outboxes, sends, positions = mailing.outboxes, mailing.sends, mailing.positions
        size = len(data)
        for seat in range(start, min(start + BETWEEN_LOOKS, len(outboxes))):
            if positions[seat] != begin:
                outboxes[seat].catch_up()
                continue
            try:
                count = sends[seat](data)
            except BlockingIOError:
                count = 0
            except Exception as error:
                outboxes[seat].fail(error)
                continue
            positions[seat] = end
            if count != size:
                outboxes[seat].keep([data[count:]])

    def _send_own(self, outboxes: list[Outbox]) -> list[Outbox]:
        """Send to each its own mail; those who do not take all of it."""
        unfinished = []
        for outbox in outboxes:
            if not outbox.chunks:
                continue  # closed since
            try:
                outbox.catch_up()
                data = b"".join(outbox.chunks)
                outbox.chunks[:] = [data]
                outbox.sent(outbox.send_now(data))
            except BlockingIOError:
                pass
            except Exception as error:
                outbox.fail(error)
            if outbox.size:
                unfinished.append(outbox)
        return unfinished
