"""Builders of histories: what a few citizens earn, spend, give, get back and let expire.

Everything is booked by the ledger's own doors, one transaction for each step.
"""

import random
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from app.ids import new_id
from app.ledger import contra, hold, rollup, seal
from app.ledger.donate import Donation, donate
from app.ledger.earn import Earning, earn
from app.ledger.expire import expire
from app.ledger.refund import Refund, refund

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)
CAFE, BAKER = 1_000, 1_001
UNIT = 1
HOUSEKEEPING = """
SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
 WHERE locktype = 'transactionid' AND granted AND usesysid IS NULL
"""
"""Whether a process that is nobody's connection has a transaction with a number."""


async def sponsors(tx) -> list[int]:
    """The programme, and two sponsors with names."""
    made = [
        await contra.name(
            tx, kind="sponsor", name_zh=f"赞助方{n}", name_en=f"Sponsor {n}", now=NOON
        )
        for n in (1, 2)
    ]
    return [contra.PROGRAMME, *(each.number for each in made)]


async def pool(tx) -> int:
    """A pool for trees."""
    made = await contra.name(tx, kind="pool", name_zh="植树", name_en="Trees", now=NOON)
    return made.number


async def gain(tx, account_id, points, *, by=contra.PROGRAMME, ends=MARCH, now=NOON):
    """Points for one cause; its ref."""
    earning = Earning(account_id, points, new_id(), now, by)
    await earn(tx, earnings=[earning], expires_on=ends, now=now)
    return earning.ref


async def buy(tx, account_id, points, *, at=CAFE, now=NOON):
    """A purchase; its ref."""
    ref = new_id()
    await hold.hold(tx, account_id=account_id, points=points)
    await hold.spend(tx, account_id=account_id, points=points, contra=at, ref=ref, now=now)
    return ref


async def give(tx, account_id, points, *, to, now=NOON):
    """A donation; its ref."""
    ref = new_id()
    await donate(tx, donations=[Donation(account_id, points, to, ref)], now=now)
    return ref


async def give_back(tx, account_id, points, *, of, now=NOON):
    """A refund of a purchase."""
    await refund(tx, refunds=[Refund(account_id, points, of, new_id(), now)], now=now)


async def let_expire(tx, today, *, now=NOON):
    """Everything whose last day was before ``today`` expires."""
    began = datetime.combine(today, datetime.min.time(), ZONE).astimezone(UTC)
    await expire(
        tx,
        buckets=range(1024),
        limit=1_000,
        today=today,
        zone=ZONE.key,
        ref=new_id(),
        now=max(now, began),
    )


async def city(database, people, *, steps, seed=7):
    """A few hundred postings of every kind, by a seeded chance; several transactions."""
    chance = random.Random(seed)
    async with database.writing() as tx:
        givers, trees = await sponsors(tx), await pool(tx)
    bought = []
    for step in range(steps):
        who, now = chance.choice(people), NOON + timedelta(minutes=step)
        async with database.writing() as tx:
            for each in chance.sample(people, min(3, len(people))):
                await gain(tx, each, chance.randint(20, 60), by=chance.choice(givers), now=now)
            await gain(tx, who, 20, ends=JUNE, now=now)
            ref = await buy(tx, who, chance.randint(1, 15), now=now)
            bought.append((who, ref))
            if step % 5 == 0:
                await give(tx, who, 3, to=trees, now=now)
            if step % 7 == 0:
                owner, of = bought.pop(chance.randrange(len(bought)))
                await give_back(tx, owner, 1, of=of, now=now)
    return givers


async def calm(database):
    """Until no housekeeping of PostgreSQL (an ANALYZE of its own) holds the watermark back."""
    busy = True
    while busy:
        async with database.reading() as tx:
            busy = (await (await tx.execute(HOUSEKEEPING)).fetchone())[0]


async def roll(database):
    """Roll up whatever is behind the watermark."""
    await calm(database)
    done = 0
    while True:
        async with database.writing() as tx:
            step = await rollup.fold(tx, zone=ZONE)
        if step is None:
            return done
        done += step


async def seal_all(database, *, limit=seal.ENTRIES_PER_ROUND, now=NOON):
    """Seal whatever is behind the watermark; the rounds."""
    await calm(database)
    rounds = []
    while True:
        async with database.writing() as tx:
            done = await seal.seal(tx, now=now, limit=limit)
        if done is None:
            return rounds
        rounds.append(done)


@contextmanager
def owner(urls):
    """A superuser with whom no trigger fires: what somebody with the machine's keys can do."""
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        for table in ("entry", "seal", "seal_round", "seal_day", "cause"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield connection
