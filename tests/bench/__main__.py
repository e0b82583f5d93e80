"""``python -m tests.bench``: every server side by side, round after round, in one table.

In each round each server gets its turn at each question before the next round begins, and another
server begins each round: whatever drifts on the machine hits all alike.

How to know that the load generator is not what is measured: ``busy`` is the server's processor
time against the wall's, and about 1 means that it never waited for the generator; ``idle`` is how
long the generator found nothing to do. Both are in the table.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from tests.bench import load, plot, table
from tests.bench.processes import GENERATOR_CORE, SERVER_CORE, raise_descriptor_limit, settle
from tests.bench.servers import DOORS, OURS, SERVERS, Server, playroom, running
from tests.bench.table import Question, Sample
from tests.bench.workloads import WORKLOADS, FailedError, Session
from tests.bench.workshop import MissingError, Workshop, workshop

SPARE_DESCRIPTORS = 100


def _words(known: Sequence[str]) -> click.ParamType[list[str]]:
    class Words(click.ParamType[list[str]]):
        name = ",".join(known)

        def convert(
            self, value: str, param: click.Parameter | None, ctx: click.Context | None
        ) -> list[str]:
            words = value.split(",")
            if unknown := set(words) - set(known):
                self.fail(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
            return words

    return Words()


def _sizes(ctx: click.Context, param: click.Parameter, value: str) -> list[int]:
    try:
        return [int(size) for size in value.split(",")]
    except ValueError:
        raise click.BadParameter("numbers, separated by commas") from None


@click.command()
@click.option("--only", type=_words(list(WORKLOADS)), default=",".join(WORKLOADS), help="What.")
@click.option("--n", "sizes", default="10,100,1000,5000", callback=_sizes, help="Members.")
@click.option("--rounds", default=3, type=click.IntRange(1))
@click.option("--door", "doors", type=_words(DOORS), default=",".join(DOORS), help="Where.")
@click.option("--server", "wanted", multiple=True, help="Part of a name; repeat it for several.")
@click.option(
    "--backend",
    "copies",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Another checkout of this program to compare; may be repeated.",
)
@click.option(
    "--mode",
    type=click.Choice(["spin", "block"]),
    default="spin",
    help="Whether the generator sleeps, and servers pay for waking it.",
)
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw cost against N.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Keep every figure.")
@click.option("--list", "just_list", is_flag=True, help="Say what there is, and stop.")
def main(
    only: list[str],
    sizes: list[int],
    rounds: int,
    doors: list[str],
    wanted: tuple[str, ...],
    copies: tuple[Path, ...],
    mode: str,
    picture: Path | None,
    file: Path | None,
    just_list: bool,
) -> None:
    """Compare what it costs to tell N people something."""
    if sys.platform != "linux":
        raise click.UsageError("Linux only: it needs epoll and /proc.")
    chosen = [s for s in SERVERS if not wanted or any(part in s.name for part in wanted)]
    chosen += [playroom(f"{OURS} {copy.name}", copy.absolute()) for copy in copies]
    with workshop() as shop:
        contenders = list(_present(chosen, shop))
        if just_list:
            click.echo("workloads: " + ", ".join(WORKLOADS))
            return
        command, warning = load.program(shop)
        needed = max(sizes) + SPARE_DESCRIPTORS
        for remark in (*_machine(), warning, raise_descriptor_limit(needed)):
            if remark:
                click.echo(remark)
        bench = _Bench(shop, command, mode, doors, only, sizes)
        samples: list[Sample] = []
        for round in range(rounds):
            for size in sizes:
                for turn in range(len(contenders)):
                    server = contenders[(turn + round) % len(contenders)]
                    for sample in bench.visit(server, size, round):
                        samples.append(sample)
                        click.echo(".", err=True, nl=False)
        click.echo(err=True)
    # The order of the list, not the one in which they happened to come.
    order = [server.name for server in contenders]
    samples.sort(
        key=lambda s: (
            only.index(s.question.workload),
            doors.index(s.question.door),
            s.question.members,
            order.index(s.server),
            s.round,
        )
    )
    click.echo("\n".join(table.lines(samples)))
    if file:
        kept = {"machine": list(_machine()), "samples": [sample.as_json() for sample in samples]}
        file.write_text(json.dumps(kept, indent=1))
    if picture:
        picture.write_text(plot.svg(samples))


def _present(chosen: Sequence[Server], shop: Workshop) -> Iterator[Server]:
    for server in chosen:
        try:
            server.prepare(shop)
        except MissingError as why:
            click.echo(f"{server.name}: left out, {why}")
        else:
            click.echo(f"{server.name}: {', '.join(server.doors)}")
            yield server


def _machine() -> Iterator[str]:
    cores = len(os.sched_getaffinity(0))
    yield f"Linux {platform.release()}, {cores} cores, Python {platform.python_version()}"
    if cores > 1:
        yield f"servers on core {SERVER_CORE}, the load generator on core {GENERATOR_CORE}"
    else:
        yield "one core for both, server and load generator: each figure contains both"
    busy = os.getloadavg()[0]
    if busy > 0.5:
        yield f"the machine has other work to do (load {busy:.1f}): the spread may be wide"


class _Bench:
    """Asks one server after the other."""

    def __init__(
        self,
        shop: Workshop,
        command: Sequence[str],
        mode: str,
        doors: Sequence[str],
        only: Sequence[str],
        sizes: Sequence[int],
    ) -> None:
        self._shop = shop
        self._command = command
        self._mode = mode
        self._doors = doors
        # Those who can share a crowd do: bringing it in takes longer than most questions.
        shared = [name for name in only if WORKLOADS[name].shares]
        self._runs = [shared] * bool(shared) + [[w] for w in only if not WORKLOADS[w].shares]
        self._sizes = sizes

    def visit(self, server: Server, size: int, round: int) -> Iterator[Sample]:
        """All questions to one server of one size, once."""
        for door in self._doors:
            if door in server.doors:
                for names in self._runs:
                    if self._is_asked(names[0], size):
                        yield from self._run(server, door, size, round, names)

    def _is_asked(self, name: str, size: int) -> bool:
        at = WORKLOADS[name].only_at
        return at is None or size == min(self._sizes, key=lambda each: abs(each - at))

    def _run(
        self, server: Server, door: str, size: int, round: int, names: Sequence[str]
    ) -> Iterator[Sample]:
        first = WORKLOADS[names[0]]
        unanswered = list(names)
        try:
            with (
                running(server, self._shop, door, announce=first.announce) as process,
                load.generating(self._command, self._mode) as generator,
            ):
                settle(process.pid, SERVER_CORE)
                settle(generator.pid, GENERATOR_CORE)
                session = Session(process, generator, door, size)
                if first.shares:
                    session.join(size)
                for name in names:
                    figures = WORKLOADS[name].ask(session)
                    unanswered.remove(name)
                    yield Sample(Question(name, door, size), server.name, round, figures)
        except (FailedError, RuntimeError) as why:
            for name in unanswered:
                yield Sample(Question(name, door, size), server.name, round, {}, str(why))


if __name__ == "__main__":
    main()
