"""Every change is tried in the wrong state, by somebody else, twice and late; a table says more."""

import pytest

from app.database import savepoint
from tests.make import NOON
from tests.rewards.moves import SAME, Move, Scene, told
from tests.rewards.moves_coupons import MOVES as COUPONS
from tests.rewards.moves_merchants import MOVES as MERCHANTS
from tests.rewards.moves_money import MOVES as MONEY
from tests.rewards.moves_office import MOVES as OFFICE
from tests.rewards.moves_pictures import MOVES as PICTURES

MOVES: list[Move] = [*COUPONS, *PICTURES, *MERCHANTS, *OFFICE, *MONEY]
ROOMS = {"rewards", "offers", "merchants", "settlement"}
DECISIONS = {
    "POST /v1/admin/proposals/{proposal_id}/approve",
    "POST /v1/admin/proposals/{proposal_id}/reject",
}


class Over(Exception):
    """Ends one attempt; nothing of it stays."""


@pytest.fixture
def scene(app, client, database, tx, keys):
    """The service, at noon."""
    made = Scene(app, client, database, tx, keys)
    made.at(made.now)
    return made


async def everywhere(scene, attempt):
    """Make an attempt for each row on a clean table; what was not as the row says."""
    found = []
    for move in MOVES:
        try:
            async with savepoint(scene.tx):
                scene.at(NOON)
                wanted, got = await attempt(move)
                if wanted != got:
                    found.append(f"{move.route}: {got}, not {wanted}")
                raise Over
        except Over:
            pass
    return found


def after(scene, column):
    """The attempt that is made when something else has happened: what one column says."""

    async def attempt(move):
        turn, wanted = told_apart(getattr(move, column))
        if turn is None:
            return wanted, wanted
        call = await move.right(scene)
        await turn(scene, call)
        return wanted, told(await call.send(scene, method(move)))

    return attempt


def told_apart(said):
    """What a column asks for and what is wanted then; a reason alone asks for nothing."""
    return (None, said) if isinstance(said, str) else said


def method(move):
    """How the route is called."""
    return move.route.split()[0]


def test_every_change_of_these_rooms_has_a_row(app):
    """A route that changes something and stands in no row would be tried by nobody."""
    paths = app.openapi()["paths"]
    changing = {
        f"{verb.upper()} {path}"
        for path, verbs in paths.items()
        for verb, facts in verbs.items()
        if verb != "get" and ROOMS & set(facts["tags"])
    }
    assert {move.route for move in MOVES} == changing | DECISIONS
    assert len(MOVES) == len(changing | DECISIONS)


async def test_every_change_works_where_it_is_right(scene):
    """The situations of the table are real: each call is answered with a success."""

    async def attempt(move):
        answer = await (await move.right(scene)).send(scene, method(move))
        return True, answer.status_code < 300 or f"{told(answer)}"

    assert await everywhere(scene, attempt) == []


async def test_in_a_wrong_state_it_is_refused_with_the_reason(scene):
    """After something else has happened, each change says why not, or what has become of it."""
    assert await everywhere(scene, after(scene, "wrong")) == []


async def test_another_finds_nothing_to_change(scene):
    """What is another merchant's or citizen's is not there; who has no business is told so."""

    async def attempt(move):
        who, wanted = told_apart(move.other)
        if who is None:
            return wanted, wanted
        call = await move.right(scene)
        headers = await who(scene, call)
        got = told(await call.send(scene, method(move), headers))
        # It changed nothing: afterwards the right one is answered as if nobody had tried.
        mine = await call.send(scene, method(move))
        return wanted, got if mine.status_code < 300 else f"{got}, then {told(mine)}"

    assert await everywhere(scene, attempt) == []


async def test_the_second_time_is_the_first_or_a_reason(scene):
    """A lost answer may be asked for again; where it may not, the refusal says what has happened."""

    async def attempt(move):
        call = await move.right(scene)
        first = await call.send(scene, method(move))
        second = await call.send(scene, method(move))
        if move.twice != SAME:
            return move.twice, told(second)
        same = (first.status_code, first.content) == (second.status_code, second.content)
        return (
            SAME,
            SAME if same else f"{told(first)} {first.text}, then {told(second)} {second.text}",
        )

    assert await everywhere(scene, attempt) == []


async def test_what_comes_late_is_told_so(scene):
    """After its time each change is refused with a reason, or still does what the row says."""
    assert await everywhere(scene, after(scene, "late")) == []
