"""Closing business days: what a file says, what never changes it, and where late things land."""

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from app.rewards import scan
from app.rewards.coupons_rules import Desk
from app.rewards.errors import SaleSettled
from app.settlement import close, close_days, days, kept, regenerate, rules, verify
from app.settlement.errors import CutOffUnsound, DayNotOver
from app.settlement.sponsors import report as sponsor_report
from tests import city, make
from tests.make import NOON
from tests.merchants import front_door
from tests.rewards.counter import claim, code
from tests.settlement.books import (
    DAY,
    NEXT,
    NEXT_NIGHT,
    NIGHT,
    file,
    from_entries,
    read,
    refunded,
    sell,
    stall,
    take,
    undone,
)
from tests.settlement.books import (
    close as close_day,
)

MIDNIGHT = datetime(2026, 2, 28, 16, tzinfo=UTC)


async def a_day(tx):
    """Five sales, one of them undone, one refunded in two parts; another merchant's one."""
    ours, theirs = await stall(tx), await stall(tx, face_value_fen=777)
    for number in range(5):
        await sell(tx, ours, f"A-{number}", now=NOON + timedelta(minutes=number))
    await sell(tx, theirs, "A-1")
    await undone(tx, ours, "A-1", now=NOON + timedelta(minutes=6))
    await refunded(tx, ours, "A-2", "R-1", 33, now=NOON + timedelta(minutes=7))
    await refunded(tx, ours, "A-2", "R-2", 34, now=NOON + timedelta(minutes=8))
    return ours, theirs


async def test_a_day_is_what_the_entries_say(database, tx):
    """The file's sums are those that plain Python finds in the ledger's entries of the day."""
    ours, theirs = await a_day(tx)
    assert await close_day(database) == [DAY]
    for each, lines in ((ours, 8), (theirs, 1)):
        details, summary = read(await file(tx, each.merchant.id))
        expected = await from_entries(tx, each, MIDNIGHT, MIDNIGHT + timedelta(days=1))
        assert int(summary["lines"]) == expected["lines"] == len(details) == lines
        for name in ("points", "government_fen", "merchant_fen", "carbon_fen"):
            assert int(summary[name]) == expected[name] == sum(int(row[name]) for row in details)
        assert int(summary["payable_fen"]) == expected["government_fen"] + expected["carbon_fen"]
    _, summary = read(await file(tx, ours.merchant.id))
    assert (summary["sales"], summary["undone"], summary["refunds"]) == ("5", "1", "2")
    assert [each.breaches for each in await verify.checks(tx)] == [0] * 12


async def test_a_file_shows_what_a_merchant_needs(database, tx):
    """Order and refund numbers, local times and the face value are there; a code is not."""
    ours, _ = await a_day(tx)
    await close_day(database)
    content = await file(tx, ours.merchant.id)
    assert content.startswith(b"\xef\xbb\xbf")
    details, _ = read(content)
    assert details[0]["at"] == "2026-03-01T12:00:00+08:00"
    assert details[0]["face_value_fen"] == "1001"
    assert [row["order_no"] for row in details] == [
        "A-0",
        "A-1",
        "A-2",
        "A-3",
        "A-4",
        "A-1",
        "A-2",
        "A-2",
    ]
    assert [row["refund_no"] for row in details][-2:] == ["R-1", "R-2"]
    assert {row["type"] for row in details} == {"sale", "undo", "refund"}
    assert all(row["coupon"].startswith("c1.*") and len(row["coupon"]) == 16 for row in details)


async def test_the_manifest_proves_the_file_and_the_chain(database, tx):
    """It has the file's SHA-256 and, on the next day, that of the manifest before."""
    ours, _ = await a_day(tx)
    await close_day(database)
    first = await file(tx, ours.merchant.id, name="manifest.json")
    told = json.loads(first)
    assert told["files"][0]["sha256"] == sha256(await file(tx, ours.merchant.id)).hexdigest()
    assert (told["previous_manifest_sha256"], told["totals"]["lines"]) == (None, 8)
    await sell(tx, ours, "B-1", now=NOON + timedelta(days=1))
    assert await close_day(database, now=NEXT_NIGHT) == [NEXT]
    second = json.loads(await file(tx, ours.merchant.id, NEXT, "manifest.json"))
    assert second["previous_manifest_sha256"] == sha256(first).hexdigest()
    kept_one = await kept.by_id(
        tx, settlement_id=await kept.of_day(tx, merchant_id=ours.merchant.id, day=DAY)
    )
    assert kept_one.manifest_sha256 == sha256(first).hexdigest()


async def test_what_comes_late_is_in_the_next_file(database, tx):
    """A refund, and a sale of yesterday that is booked today, change the new file only."""
    ours, _ = await a_day(tx)
    await close_day(database)
    before = await file(tx, ours.merchant.id)
    await refunded(tx, ours, "A-0", "R-9", 100, now=NOON + timedelta(days=1))
    await sell(tx, ours, "LATE", now=NOON + timedelta(minutes=30))
    assert await close_day(database, now=NEXT_NIGHT) == [NEXT]
    assert await file(tx, ours.merchant.id) == before
    details, summary = read(await file(tx, ours.merchant.id, NEXT))
    assert [(row["order_no"], row["late"], row["original_day"]) for row in details] == [
        ("LATE", "late", "2026-03-01"),
        ("A-0", "", "2026-03-02"),
    ]
    assert (summary["late_lines"], summary["points"], summary["face_value_fen"]) == ("1", "0", "0")
    assert (await regenerate.compare(tx)).differing == []


async def test_files_are_made_again_byte_by_byte(database, tx):
    """After later events the books still give the very bytes that were handed out."""
    ours, theirs = await a_day(tx)
    await close_day(database)
    for each in (ours, theirs):
        await refunded(tx, each, "A-" + ("3" if each is ours else "1"), "R-7", 50, now=NIGHT)
    await tx.execute("UPDATE store SET code = 'renamed'")
    await close_day(database, now=NEXT_NIGHT)
    ids = [each async for (each,) in await tx.execute("SELECT id FROM settlement")]
    again = await regenerate.written_again(tx, settlement_ids=ids)
    stored = await kept.files_of(tx, settlement_ids=ids)
    assert len(again) == 4
    for settlement_id, written in again.items():
        for name, content in written.files.items():
            assert stored[settlement_id, name] == (content, sha256(content).digest())


async def test_closing_twice_is_closing_once(database, tx):
    """The same day again, by the worker or an officer, does nothing."""
    await a_day(tx)
    assert await close_day(database) == [DAY]
    assert await close_day(database) == []
    assert await close_days.close_through(database, day=DAY, clock=lambda: NIGHT) == []
    [(settlements,)] = await (await tx.execute("SELECT count(*) FROM settlement")).fetchall()
    assert settlements == 2


async def test_a_day_waits_for_its_end_and_for_the_grace(database, tx):
    """Before its end nobody closes it; in the quarter of an hour after it, only an officer."""
    await a_day(tx)
    end = MIDNIGHT + timedelta(days=1)
    with pytest.raises(DayNotOver):
        await close_days.close_through(database, day=DAY, clock=lambda: end - timedelta(seconds=1))
    assert await close_day(database, now=end + timedelta(minutes=14)) == []
    assert await close_days.close_through(database, day=DAY, clock=lambda: end) == [DAY]


async def test_a_closer_that_was_killed_is_followed_by_another(database, tx, monkeypatch):
    """One merchant a step: the second step fails, the next closer goes on where it stood."""
    await a_day(tx)
    steps = []
    whole = close.close_some

    async def dies(tx, **given):
        steps.append(1)
        if len(steps) == 2:
            raise ConnectionError
        return await whole(tx, **given)

    monkeypatch.setattr(close_days, "close_some", dies)
    with pytest.raises(ConnectionError):
        await close_day(database, limit=1)
    assert await close_day(database, limit=1) == [DAY]
    assert [each.breaches for each in await verify.checks(tx)] == [0] * 12


async def test_a_settled_sale_is_not_undone(database, tx):
    """After the close the till is told to refund, and the wallet knows the day."""
    ours, _ = await a_day(tx)
    await sell(tx, ours, "Z-1", now=MIDNIGHT + timedelta(days=1, seconds=-60))
    end = MIDNIGHT + timedelta(days=1)
    await close_days.close_through(database, day=DAY, clock=lambda: end)
    with pytest.raises(SaleSettled):
        await undone(tx, ours, "Z-1", now=end + timedelta(seconds=30))
    rows = await tx.execute(
        "SELECT settled_on, count(*) FROM redemption WHERE state = 2 GROUP BY 1"
    )
    assert await rows.fetchall() == [(DAY, 6)]


async def test_an_undone_coupon_that_is_taken_again_is_settled_twice_over(database, tx):
    """Sale, undo and second sale are three lines that come to one sale."""
    ours = await stall(tx)
    anna = await make.rich(tx, 100)
    coupon = code(anna, (await claim(tx, anna, ours.offer)).redemption_id)
    await take(tx, ours, coupon, "A-1")
    await undone(tx, ours, "A-1", now=NOON + timedelta(minutes=1))
    await take(tx, ours, coupon, "A-2", now=NOON + timedelta(minutes=2))
    await close_day(database)
    details, summary = read(await file(tx, ours.merchant.id))
    assert [(row["type"], row["points"]) for row in details] == [
        ("sale", "100"),
        ("undo", "-100"),
        ("sale", "100"),
    ]
    assert (summary["points"], summary["face_value_fen"]) == ("100", "1001")
    assert [each.breaches for each in await verify.checks(tx)] == [0] * 12


async def test_days_without_sales_are_closed_too(database, tx):
    """A week later all days are closed, in order; only the first has a settlement."""
    await a_day(tx)
    closed = await close_day(database, now=NIGHT + timedelta(days=6))
    assert closed == [DAY + timedelta(days=n) for n in range(7)]
    assert [each.breaches for each in await verify.checks(tx)] == [0] * 12


async def test_a_cut_off_counts_from_a_day_that_has_not_begun(database, tx):
    """Two officers move the day's end to four in the morning; closed days keep theirs."""
    ours, _ = await a_day(tx)
    wish = {"minutes": 240, "from_day": "2026-03-02"}
    await days.apply_cut_off(tx, payload=wish, now=NOON)
    await sell(tx, ours, "NIGHT", now=datetime(2026, 3, 2, 19, tzinfo=UTC))
    await close_day(database, now=datetime(2026, 3, 2, 20, 15, tzinfo=UTC))
    windows = await days.by_days(tx, wanted=[DAY, NEXT])
    assert windows[DAY].until_at == windows[NEXT].from_at == MIDNIGHT + timedelta(days=1)
    assert windows[NEXT].until_at == datetime(2026, 3, 2, 20, tzinfo=UTC)
    details, _ = read(await file(tx, ours.merchant.id, NEXT))
    assert [(row["order_no"], row["original_day"]) for row in details] == [("NIGHT", "2026-03-02")]
    for wrong in (wish, {"minutes": 721, "from_day": "2026-04-01"}, {"minutes": 0}, {}):
        with pytest.raises(CutOffUnsound):
            await days.apply_cut_off(tx, payload=wrong, now=NOON + timedelta(days=1))


async def test_days_and_times_are_the_programmes(database, tx):
    """In a city seven hours ahead of Greenwich the day, the window and every time are that city's."""
    await city.programme(tx)
    await tx.execute("UPDATE programme SET zone = 'Asia/Bangkok'")
    ours = await stall(tx)
    end = datetime(2026, 3, 1, 17, tzinfo=UTC)
    await sell(tx, ours, "LAST", now=end - timedelta(seconds=1))
    await sell(tx, ours, "FIRST", now=end)
    await close_day(database, now=end + timedelta(days=1, minutes=15))
    windows = await days.by_days(tx, wanted=[DAY, NEXT])
    assert [(each.zone, each.until_at) for each in windows.values()] == [
        ("Asia/Bangkok", end),
        ("Asia/Bangkok", end + timedelta(days=1)),
    ]
    for day, order, at in (
        (DAY, "LAST", "2026-03-01T23:59:59+07:00"),
        (NEXT, "FIRST", "2026-03-02T00:00:00+07:00"),
    ):
        [line], _ = read(await file(tx, ours.merchant.id, day))
        assert (line["order_no"], line["at"], line["original_day"]) == (order, at, str(day))
    manifest = json.loads(await file(tx, ours.merchant.id, name="manifest.json"))
    assert manifest["zone"] == "Asia/Bangkok"
    told = json.loads((await sponsor_report(tx, period=str(DAY)))["manifest.json"])
    assert told["zone"] == "Asia/Bangkok"


def test_days_end_at_midnight_or_later():
    """A moment belongs to the day whose end is after it, in the programme's zone."""
    end = rules.day_end(date(2026, 3, 1), zone="Asia/Shanghai", minutes=90)
    assert end == datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
    just_before = end - timedelta(microseconds=1)
    assert rules.day_of(just_before, zone="Asia/Shanghai", minutes=90) == date(2026, 3, 1)
    assert rules.day_of(end, zone="Asia/Shanghai", minutes=90) == date(2026, 3, 2)


async def test_a_line_keeps_the_codes_of_store_and_till(database, tx):
    """The file names them as they were on the day, and still does when they are called otherwise."""
    ours = await stall(tx)
    store = await front_door.store(tx, ours.merchant.id, code="s-1")
    issued = await front_door.till(tx, ours.merchant.id, store.id)
    anna = await make.rich(tx, 100)
    coupon = code(anna, (await claim(tx, anna, ours.offer)).redemption_id)
    desk = Desk(f"till:{issued.till_id}", store.id)
    await scan.scan(
        tx, merchant_id=ours.merchant.id, order_no="A-1", coupon=coupon, now=NOON, desk=desk
    )
    await close_day(database)
    rows = await tx.execute("SELECT code FROM till WHERE id = %s", (issued.till_id,))
    [(till_code,)] = await rows.fetchall()
    [line], _ = read(await file(tx, ours.merchant.id))
    assert (line["store"], line["till"]) == ("s-1", till_code)
    await tx.execute("UPDATE store SET code = 'renamed'")
    assert (await regenerate.compare(tx)).differing == []
