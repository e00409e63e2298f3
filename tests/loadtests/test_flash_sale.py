"""The flash sale at a tiny scale; and its judge, which must see every planted breach."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from app.rewards.tables import Mode
from loadtests import flash_sale, sale_judge
from loadtests.flash_sale import Hall, first_come, line
from loadtests.sale_city import Sale, announce, city, serving
from loadtests.sale_crowd import NOT_YET, Heard, crowd
from loadtests.sale_faults import FAULTS
from loadtests.sale_people import Habit, device_of, habit_of, keys_of

CITIZENS, UNITS = 100, 12
PLAIN, PENNILESS = 1, 99
BELL_S = 1_000.0


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    """A hundred citizens, two servers, two processes that call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUHUI_BENCH_HOME", str(tmp_path_factory.mktemp("sale")))
        with (
            city(CITIZENS) as town,
            crowd(2) as people,
            serving(town, processes=2) as (port, servers),
        ):
            people.sign(town.place.home, town.numbers)
            yield Hall(town, people, port, servers, callers=20)


def broken(checks) -> list[str]:
    return [each.name for each in checks if each.breaches]


def test_a_sale_is_sound_and_the_judge_sees_what_is_planted(hall):
    """Every unit is sold once; a lost answer, a lie and a unit taken back are each noticed."""
    before = sale_judge.books(hall.town)
    sale = announce(hall.town, units=UNITS, in_s=1)
    jobs = hall.people.begin(
        callers=20, seed=1, port=hall.port, offer_id=sale.offer_id, bell_s=sale.bell_s
    )
    heard = [each for job in jobs for each in job.result()]

    assert broken(sale_judge.judge(hall.town, sale, heard, before)) == []
    assert sum(each.code == sale_judge.SOLD_OUT for each in heard) > 0

    sold = next(each.id for each in heard if each.status == 201)
    lie = Heard(PLAIN, "k", "claim", sale.bell_s, sale.bell_s + 1e-4, 409, sale_judge.SOLD_OUT, "")
    told = [each for each in heard if each.id != sold] + [lie]
    assert broken(sale_judge.judge(hall.town, sale, told, before)) == [
        "every redemption was answered with 201",
        "nobody heard 'sold out' while a unit was left",
    ]
    with psycopg.connect(hall.town.place.url) as connection:
        connection.execute(
            "UPDATE redemption SET state = 3, resolved_at = now() WHERE id = %s", (sold,)
        )
        connection.commit()
        names = " ".join(broken(sale_judge.judge(hall.town, sale, heard, before)))
        assert "exactly as many are sold" in names
        assert "stock_left_and_taken_is_initial" in names
        connection.execute(
            "UPDATE redemption SET state = 1, resolved_at = NULL WHERE id = %s", (sold,)
        )
        connection.commit()


def test_units_that_come_back_in_a_line_and_in_a_rush(hall):
    """Cancelled units are sold again, and a line gives its units to those at its head."""
    cancelled = first_come(hall, "cancelled", units=UNITS, cancel_percent=90)
    assert broken(cancelled.checks) == []
    assert cancelled.answers["200 cancel"] > 0

    lined = line(hall, "queue", units=UNITS, mode=Mode.queue)
    assert broken(lined.checks) == []
    assert lined.answers["201"] > UNITS


def test_a_sale_survives_an_emptied_store_and_a_killed_server(hall, capsys):
    """Not a unit too many or too few, and everybody has an answer, whatever dies in the middle."""
    for name in ("flushed", "crashed"):
        outcome = first_come(hall, name, units=UNITS, fault=FAULTS[name])
        assert broken(outcome.checks) == []
        assert "units left" in outcome.happened[0]
        flash_sale.show(outcome)
    assert sum(each.is_alive() for each in hall.servers) == 1
    assert "[ok] no deadlock" in capsys.readouterr().out


def refused(sent_s: float, heard_s: float) -> Heard:
    return Heard(PLAIN, "key-1", "claim", sent_s, heard_s, 409, sale_judge.SOLD_OUT, "")


@pytest.mark.parametrize(
    ("sent_s", "heard_s", "false"),
    [
        (1.0, 1.9, 1),  # heard before the last unit was taken
        (1.0, 2.1, 0),  # the last unit went while the request was under way
        (3.2, 3.3, 0),  # a unit has come back, but others may not see it yet
        (4.0, 4.5, 1),  # asked and answered while a unit was there
        (4.0, 5.1, 0),  # it was taken again before the answer
        (9.0, 9.1, 0),
    ],
)
def test_a_refusal_is_false_when_a_unit_was_left_all_the_time(sent_s, heard_s, false):
    """Two units, taken at 1 and 2; one comes back at 3 and is taken at 5."""
    found = sale_judge.false_refusals(
        [refused(sent_s, heard_s)], units=2, takes=[5.0, 1.0, 2.0], returns=[3.0]
    )
    assert found == false


def test_a_sale_that_never_sold_out_refused_nobody_rightly():
    """While units are left to the end, every "sold out" is false."""
    assert sale_judge.false_refusals([refused(1, 2)], units=2, takes=[0.5], returns=[]) == 1


SOLD = Heard(PLAIN, "key-1", "claim", BELL_S + 1, BELL_S + 2, 201, "", str(uuid4()))


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        ([SOLD], []),
        ([SOLD, SOLD._replace(id=str(uuid4()))], ["one key"]),
        ([SOLD, SOLD._replace(key="key-2")], ["one key"]),
        ([SOLD._replace(heard_s=BELL_S - 1)], ["nobody is let in"]),
        ([SOLD._replace(status=409, code=NOT_YET, id="")], ["nobody is let in"]),
        ([SOLD._replace(n=PENNILESS)], ["nobody without points"]),
        ([SOLD._replace(status=0, id="")], ["every request"]),
        ([SOLD._replace(status=503, code="try-again", id=""), SOLD], []),
        ([SOLD._replace(status=500, code="internal-error", id=""), SOLD], ["no answer that"]),
    ],
)
def test_answers_that_no_sale_may_give(heard, found):
    """Each breach among the answers alone is found, and nothing else."""
    sale = Sale(uuid4(), 1, BELL_S)
    names = broken(sale_judge.told(sale, heard))
    assert len(names) == len(found)
    assert all(name.startswith(start) for name, start in zip(names, found, strict=True))


def test_everybody_has_a_habit_and_a_phone():
    """Three share a phone, the impatient send one key twice, the greedy two keys."""
    by = {habit: [n for n in range(100) if habit_of(n) is habit] for habit in Habit}
    assert all(by.values())
    assert len({device_of(n) for n in by[Habit.sharing]}) == 1
    others = [n for n in range(100) if n not in by[Habit.sharing]]
    assert len({device_of(n) for n in others}) == len(others)
    keys = {habit: keys_of(by[habit][0], "k") for habit in by}
    assert [len(set(keys[habit])) for habit in (Habit.impatient, Habit.greedy)] == [1, 2]
