"""Whose points paid for what was redeemed: the report against a queue of single points."""

import asyncio
import csv
import io
import json
import random
from collections import Counter
from datetime import timedelta
from hashlib import sha256

import psycopg
import pytest

from app.ledger import contra
from app.settlement import sponsors
from tests import make
from tests.cli.commands import environment, run
from tests.ledger.histories import JUNE, gain
from tests.ledger.histories import sponsors as three_sources
from tests.make import NOON, officer_headers
from tests.rewards.counter import claim, code
from tests.settlement.books import (
    DAY,
    NEXT,
    NEXT_NIGHT,
    NIGHT,
    file,
    finance,
    read,
    refunded,
    stall,
    take,
    undone,
)
from tests.settlement.books import close as close_day

MONTH = "2026-03"


async def points_of_entries(tx):
    """Per ref of a spending, the givers of its single points in their order, from entries alone."""
    rows = await tx.execute(
        "SELECT account_id, kind, amount, contra, ref FROM entry ORDER BY account_id, seq"
    )
    axis, consumed, bought = {}, Counter(), {}
    for account, kind, amount, giver, ref in await rows.fetchall():
        mine = axis.setdefault(account, [])
        if kind == 1:
            mine += [giver] * amount
        elif kind == 2:
            low = consumed[account]
            bought[ref] = mine[low : low - amount]
            consumed[account] -= amount
        else:  # what is given back re-opens the last places
            consumed[account] -= amount
    return bought


async def recomputed(tx, stalls, days):
    """Day, giver, merchant -> spent and taken back: the files' lines paid point by point."""
    bought = await points_of_entries(tx)
    scans = await tx.execute(
        "SELECT merchant_id, order_no, coalesce(entry_ref, redemption_id) FROM scan"
    )
    left = {(merchant, order): list(bought[ref]) for merchant, order, ref in await scans.fetchall()}
    found: dict[tuple, Counter] = {}
    for day in days:
        for at in stalls:
            for line in read(await file(tx, at.merchant.id, day))[0]:
                points, purchase = int(line["points"]), left[at.merchant.id, line["order_no"]]
                moved = purchase if points > 0 else [purchase.pop() for _ in range(-points)]
                for giver in moved:
                    told = found.setdefault((str(day), giver, str(at.merchant.id)), Counter())
                    told["spent_points" if points > 0 else "taken_back_points"] += 1
    return {key: (told["spent_points"], told["taken_back_points"]) for key, told in found.items()}


def told(content):
    """The rows of a file."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def two_days(database, tx, *, seed):
    """People whose points have three givers buy, undo, buy again and give back, over two days."""
    dice, givers = random.Random(seed), await three_sources(tx)
    stalls = [await stall(tx, points=points) for points in (40, 7)]
    sold = []
    for n in range(8):
        who = make.account()
        for _ in range(dice.randrange(2, 7)):
            await gain(tx, who, dice.randrange(15, 40), by=dice.choice(givers), ends=JUNE)
        await gain(tx, who, 60, by=givers[0], ends=JUNE)
        for at in stalls:
            held = await claim(tx, who, at.offer)
            order = f"A-{n}"
            coupon = code(who, held.redemption_id)
            await take(tx, at, coupon, order, now=NOON)
            if dice.random() < 0.3:
                await undone(tx, at, order, now=NOON + timedelta(minutes=1))
                await gain(tx, who, 5, by=dice.choice(givers), ends=JUNE)
                order = f"B-{n}"
                await take(tx, at, coupon, order, now=NOON + timedelta(minutes=2))
            sold.append([at, order, at.offer.points])
    for day, night in ((0, NIGHT), (1, NEXT_NIGHT)):
        for n, (at, order, left) in enumerate(sold):
            if left > 1 and dice.random() < 0.6:
                points = dice.randrange(1, left)  # one point stays
                when = NOON + timedelta(days=day, minutes=5 + n)
                await refunded(tx, at, order, f"R-{day}-{n}", points, now=when)
                sold[n][2] -= points
        await close_day(database, now=night)
    return stalls, sold


@pytest.mark.parametrize("seed", range(4))
async def test_the_report_is_what_single_points_say(database, tx, seed):
    """Each giver's points for each merchant and day, recomputed point by point from entries."""
    stalls, _ = await two_days(database, tx, seed=seed)
    parts = await sponsors.report(tx, period=MONTH)
    got = {
        (row["day"], int(row["source"]), row["merchant_id"]): (
            int(row["spent_points"]),
            int(row["taken_back_points"]),
        )
        for row in told(parts[sponsors.REDEEMED])
    }
    assert got == await recomputed(tx, stalls, (DAY, NEXT))
    facts = json.loads(parts[sponsors.MANIFEST])
    row = await tx.execute("SELECT sum(points)::bigint FROM settlement")
    [settled] = await row.fetchone()
    assert facts["settled_points"] == facts["paid_points"] == settled > 0
    assert sum(int(row["points"]) for row in told(parts[sponsors.SPONSORS])) == settled
    assert {row["name_en"] for row in told(parts[sponsors.SPONSORS])} <= {
        "Programme", "Sponsor 1", "Sponsor 2",
    }  # fmt: skip
    assert facts["complete"] is False


async def test_a_closed_day_is_the_same_bytes_for_ever(database, tx):
    """Later purchases, refunds, days and names of sponsors leave the report as it was."""
    stalls, sold = await two_days(database, tx, seed=5)
    before = await sponsors.report(tx, period=str(DAY))
    assert json.loads(before[sponsors.MANIFEST])["complete"] is True
    late = await contra.name(
        tx, kind="sponsor", name_zh="后来", name_en="Late", now=NEXT_NIGHT + timedelta(days=1)
    )
    who = make.account()
    await gain(tx, who, 40, by=late.number, ends=JUNE)
    coupon = code(who, (await claim(tx, who, stalls[0].offer, now=NEXT_NIGHT)).redemption_id)
    await take(tx, stalls[0], coupon, "Z-1", now=NEXT_NIGHT)
    for at, order, _ in sold:
        await refunded(tx, at, order, f"L-{order}", 1, now=NEXT_NIGHT)
    await close_day(database, now=NEXT_NIGHT + timedelta(days=1))
    assert await sponsors.report(tx, period=str(DAY)) == before


async def test_officers_download_what_the_manifest_proves(database, tx, client, keys):
    """Over HTTP the same bytes, for a day or a month; other periods and other callers are refused."""
    stalls, _ = await two_days(database, tx, seed=6)
    desk = officer_headers(keys, await finance(tx))
    for period in (MONTH, str(DAY)):
        base = f"/v1/admin/sponsor-reports/{period}"
        parts = await sponsors.report(tx, period=period)
        for name, content in parts.items():
            answer = await client.get(f"{base}/{name}", headers=desk)
            assert (answer.status_code, answer.content) == (200, content)
        for each in json.loads(parts[sponsors.MANIFEST])["files"]:
            assert sha256(parts[each["name"]]).hexdigest() == each["sha256"]
    for wrong in ("2026-13", "2026-02-30", "2026"):
        answer = await client.get(f"/v1/admin/sponsor-reports/{wrong}/sponsors.csv", headers=desk)
        assert answer.status_code == 422, answer.text
    merchant = make.merchant_headers(keys, stalls[0].merchant.id)
    answer = await client.get(f"/v1/admin/sponsor-reports/{MONTH}/redeemed.csv", headers=merchant)
    assert answer.status_code == 403


async def test_the_command_writes_and_compares(committing, fresh_urls, servers, tmp_path):
    """`puhui sponsors` writes three files; --check sees when the book says another thing."""
    async with committing.writing() as tx:
        at = await stall(tx)
        who = await make.rich(tx, 100)
        await take(tx, at, code(who, (await claim(tx, who, at.offer)).redemption_id), "A-1")
    await close_day(committing)
    env = environment(tmp_path / "home", fresh_urls, servers)
    words = ("sponsors", str(DAY), "--folder", str(tmp_path))
    done = await asyncio.to_thread(run, *words, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    async with committing.snapshot() as tx:
        parts = await sponsors.report(tx, period=str(DAY))
    for name, content in parts.items():
        assert (tmp_path / f"sponsors-{DAY}-{name}").read_bytes() == content
    with psycopg.connect(fresh_urls.owner) as owner:  # somebody takes a spending out of the book
        owner.execute("SET session_replication_role = replica")
        owner.execute("ALTER TABLE entry DISABLE TRIGGER USER")
        owner.execute("DELETE FROM entry WHERE kind = 2")
    done = await asyncio.to_thread(run, *words, "--check", env=env)
    said = done.stdout.replace("\n", "")
    assert (done.returncode, "sponsors.csv" in said, "does not say: 100" in said) == (1, True, True)
