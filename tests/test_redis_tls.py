"""A Redis server behind TLS and a password: who is trusted, and what is said if it is not so."""

from functools import partial

import pytest

from tests.processes import run, running
from tests.redis_server import encrypted_redis_server, free_port, needs_redis, redis_server
from tests.talkers import at_browser, at_terminal
from tests.test_nodes import ANY_PORTS, until, until_line
from tests.test_redis import a_node_at, flushed, same, say
from tests.test_redis import until as until_so

pytestmark = needs_redis

PASSWORD = "p4ss-w0rd"


def told(url: str) -> str:
    """What a program says that cannot use this server; its password is not in it."""
    result = run(*ANY_PORTS, REDIS_URL=url)
    assert result.returncode == 1
    assert PASSWORD not in result.stderr
    (line,) = result.stderr.splitlines()
    before, _, why = line.partition("playroom: cannot use the Redis server: ")
    assert before == ""
    return why


@pytest.mark.parametrize("trusts_by", ["environment", "url", "not at all"])
async def test_the_log_is_kept_over_tls(trusts_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an authority of one's own, however it is named, or none; also when it was away."""
    with encrypted_redis_server(PASSWORD) as redis:
        url = redis.url
        if trusts_by == "environment":
            monkeypatch.setenv("SSL_CERT_FILE", str(redis.authority))
        else:
            is_named = trusts_by == "url"
            url += f"?ssl_ca_certs={redis.authority}" if is_named else "?ssl_cert_reqs=none"
        async with a_node_at(url) as (one, first), a_node_at(url) as (two, second):
            say(one, "a", "b")
            await flushed(one)
            redis.server.kill()
            say(two, "c")
            await until_so(lambda: one.is_away and two.is_away)
            redis.server.start()
            await flushed(two)
            assert await same(first, second) == ["a", "b", "c"]
            assert (first.restored, second.restored) == (1, 1)


async def test_two_nodes_over_tls_are_one_room() -> None:
    """Through either door, as without."""
    with encrypted_redis_server(PASSWORD) as redis:
        trusted = str(redis.authority)
        start = partial(running, *ANY_PORTS, REDIS_URL=redis.url, SSL_CERT_FILE=trusted)
        with start() as one, start() as two:
            async with at_browser(one.bound, "ann") as ann, at_terminal(two.bound, "tom") as tom:
                await until(ann, "joined", nick="tom")
                await ann.type("hello")
                await until_line(tom, "<ann> : hello")
                await tom.type("hi")
                await until(ann, "said", nick="tom", text="hi")


def test_a_certificate_nobody_vouches_for_costs_one_clear_line() -> None:
    """Nor is the server told the password."""
    with encrypted_redis_server(PASSWORD) as redis:
        why = told(redis.url)
        assert why.startswith("its certificate is not to be trusted: ")
        assert "certificate" in why.removeprefix("its certificate is not to be trusted: ")


def test_a_certificate_of_another_host_costs_one_clear_line() -> None:
    """Whoever signed it."""
    with encrypted_redis_server(PASSWORD, host="elsewhere.example") as redis:
        why = told(f"{redis.url}?ssl_ca_certs={redis.authority}")
        assert why.startswith("its certificate is not to be trusted: Hostname mismatch")


def test_a_wrong_password_over_tls_costs_one_clear_line() -> None:
    """As without."""
    with encrypted_redis_server(PASSWORD) as redis:
        url = redis.url.replace(PASSWORD, f"{PASSWORD}-2")
        assert told(f"{url}?ssl_ca_certs={redis.authority}") == "it wants another password"


@pytest.mark.parametrize(
    ("authorities", "wrong"), [("none", "No such file or directory"), (__file__, "TLS failed: ")]
)
def test_authorities_that_cannot_be_read_cost_one_clear_line(authorities: str, wrong: str) -> None:
    """There is no such file, or something else is in it."""
    why = told(f"rediss://:{PASSWORD}@localhost:1?ssl_ca_certs={authorities}")
    assert why.startswith(f"its ssl_ca_certs cannot be used: {wrong}")


def test_tls_where_there_is_none_costs_one_clear_line() -> None:
    """And none where there is."""
    port = free_port()
    with redis_server(True, "--bind", "127.0.0.1", "--port", str(port), password=PASSWORD):
        assert told(f"rediss://:{PASSWORD}@localhost:{port}") == "it does not answer"
    with encrypted_redis_server(PASSWORD) as redis:
        why = told(redis.url.replace("rediss", "redis"))
        assert why in ("the connection was lost", "Connection reset by peer")
