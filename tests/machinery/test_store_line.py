"""The line to the store: many questions on one connection, each with its own answer or an end."""

import asyncio
import secrets
import socket
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from app.cache import cache_for
from app.settings import RedisSettings
from app.store_line import StoreLine, line_to

MANY = 300


@pytest.fixture
async def line(servers):
    """A line to the real store."""
    made = StoreLine(servers.redis_url, wait_s=5)
    yield made
    await made.close()


@asynccontextmanager
async def listening(answer):
    """A server that answers each piece of what it is sent as a test wants; its URL."""

    async def serve(reader, writer):
        while heard := await reader.read(65_536):
            await answer(heard, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def test_everybody_gets_the_answer_to_the_own_question(line):
    """Hundreds at once, some of several commands, some cancelled: nobody gets a neighbour's."""
    asked = [asyncio.create_task(line.ask(("ECHO", "first"), ("ECHO", n))) for n in range(MANY)]
    await asyncio.sleep(0)
    for each in asked[::7]:
        each.cancel()
    told = await asyncio.gather(*asked, return_exceptions=True)
    for n, each in enumerate(told):
        if n % 7:
            assert each == str(n).encode()
        else:
            assert isinstance(each, asyncio.CancelledError)


async def test_they_share_one_connection(line, servers):
    """However many ask at once, the server sees one more client."""
    async with Redis.from_url(servers.redis_url) as client:
        before = {each["id"] for each in await client.client_list()}
        await asyncio.gather(*(line.ask(("PING",)) for _ in range(MANY)))
        after = {each["id"] for each in await client.client_list()}
    assert len(after - before) == 1


async def test_it_says_the_password_and_the_database(servers):
    """What is kept in the third database is not in the first; a wrong password is refused."""
    key, to = f"line:{secrets.token_hex(8)}", urlsplit(servers.redis_url)
    url = to._replace(path="/3").geturl()
    third = StoreLine(url, wait_s=5)
    await third.ask(("SET", key, "here", "EX", 9))
    await third.close()
    for place, kept in ((url, b"here"), (servers.redis_url, None)):
        async with Redis.from_url(place) as client:
            assert await client.get(key) == kept
    wrong = to._replace(netloc=f":wrong@{to.hostname}:{to.port}").geturl()
    with pytest.raises(ResponseError, match="WRONGPASS"):
        await StoreLine(wrong, wait_s=5).ask(("PING",))


async def test_a_refused_command_is_its_askers_alone(line):
    """The neighbours of a question that the server refuses are answered."""
    key = f"line:{secrets.token_hex(8)}"
    told = await asyncio.gather(
        line.ask(("ECHO", 1)),
        line.ask(("SET", key, "a word", "EX", 9), ("INCR", key), ("PING",)),
        line.ask(("ECHO", 2)),
        return_exceptions=True,
    )
    assert (told[0], told[2]) == (b"1", b"2")
    assert isinstance(told[1], ResponseError)


async def test_a_silent_store_is_not_waited_for():
    """Whoever asked is told when time is over, all at once, and later ones get a new connection."""
    heard = []

    async def answer(words, writer):
        heard.append(writer)
        if len(set(heard)) > 1:
            writer.write(b"+PONG\r\n")

    async with listening(answer) as url:
        line = StoreLine(url, wait_s=0.1)
        async with asyncio.timeout(2):
            told = await asyncio.gather(
                *(line.ask(("PING",)) for _ in range(3)), return_exceptions=True
            )
            assert [type(each) for each in told] == [ConnectionError] * 3
            assert await line.ask(("PING",)) == b"PONG"
        await line.close()


def test_a_busy_process_does_not_take_itself_for_a_slow_store(servers):
    """An answer that came while the process did something else is read, on either event loop."""

    def hold_the_loop() -> None:
        here.recv(1)
        time.sleep(0.15)

    async def ask() -> None:
        line = StoreLine(servers.redis_url, wait_s=0.1)
        await line.ask(("PING",))
        await asyncio.sleep(0.15)  # nothing is watched
        asyncio.get_running_loop().add_reader(here, hold_the_loop)
        there.send(b"x")
        assert await line.ask(("ECHO", "late")) == b"late"
        asyncio.get_running_loop().remove_reader(here)
        await line.close()

    here, there = socket.socketpair()
    with here, there:
        for factory in (None, uvloop.new_event_loop):
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(ask())


@pytest.mark.parametrize("said", [b"", b"?nonsense\r\n"], ids=["hung up", "nonsense"])
async def test_a_lost_connection_is_made_anew(said):
    """A server that hangs up, or talks nonsense, fails the question; the next one is a new start."""
    calls = []

    async def answer(words, writer):
        calls.append(words)
        if len(calls) == 1:
            writer.write(said)
            writer.close()
        else:
            writer.write(b"$2\r\nok\r\n")

    async with listening(answer) as url:
        line = StoreLine(url, wait_s=5)
        with pytest.raises(ConnectionError):
            await line.ask(("PING",))
        assert await line.ask(("PING",)) == b"ok"
        await line.close()


async def test_nobody_there_is_an_error():
    """A port on which nobody listens is told as such, and a cache that meets it counts itself."""
    cache = cache_for(RedisSettings(), "redis://127.0.0.1:1/0")
    await cache.allow("anna", per_minute=1)
    assert cache._rests()
    await cache.close()
    with pytest.raises(ConnectionRefusedError):
        await StoreLine("redis://127.0.0.1:1/0", wait_s=1).ask(("PING",))


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("redis://store:6379/1", True),
        ("redis://anna:secret@store", True),
        ("rediss://store:6379/1", False),
        ("unix:///run/store.sock", False),
        ("redis://store?protocol=3", False),
    ],
)
def test_a_line_is_plain(url, possible):
    """Where more than host, port, password and number is asked for, the library does it."""
    assert (line_to(url, wait_s=1) is not None) is possible
