"""A claim is one round trip, whatever the offer has; and every statement of it finds an index."""

from app.rewards import funding, offers, queue, queue_step, release_units, withdraw_run
from app.rewards.funding_split import Share, Source
from app.rewards.redeem import Asked, Standing, redeem
from app.rewards.tables import Mode
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, sound

LIMITS = [
    {"by": "citizen", "per": "day", "units": 5},
    {"by": "household", "per": "month", "units": 9},
    {"by": "device", "per": "week", "units": 9},
]


class Counted:
    """A connection that counts what is sent on it."""

    def __init__(self, tx):
        self._tx = tx
        self.sent = []

    async def execute(self, statement, *args, **kwargs):
        self.sent.append(statement)
        return await self._tx.execute(statement, *args, **kwargs)

    def __getattr__(self, name):
        return getattr(self._tx, name)


async def rich_offer(tx, **terms):
    """An offer with everything a claim may have to look at."""
    budgets = [
        await funding.open_budget(tx, source=source, programme="2026", fen=10**6, now=NOON)
        for source in (Source.government, Source.carbon)
    ]
    shares = [
        Share(Source.government, 300, budgets[0]),
        Share(Source.carbon, 200, budgets[1]),
        Share(Source.merchant, 500),
    ]
    return await make.offer(
        tx, stock=400, quotas={"321102": 9}, limits=LIMITS, funding=shares, face_value_fen=999,
        **terms,
    )  # fmt: skip


async def test_a_claim_is_one_round_trip(tx):
    """Key, balance, four limits, two budgets, a quota, stock and coupon: one statement."""
    anna = await make.rich(tx)
    offer = await rich_offer(tx)
    counted = Counted(tx)
    for _ in range(2):
        made = await redeem(
            counted,
            account_id=anna,
            offer_id=offer.id,
            coupon_key=KEY,
            now=NOON,
            asked=Asked("a-key-of-mine", b"what was asked"),
            standing=Standing(device=8, district="321102"),
        )
    assert len(counted.sent) == 2  # the first, and its replay
    assert made.points == 100
    await sound(tx)


async def test_a_ticket_is_one_round_trip(tx):
    """The same for a place in a line."""
    anna = await make.rich(tx)
    offer = await make.offer(tx, mode=Mode.queue, per_citizen=1)
    counted = Counted(tx)
    await queue.take_ticket(counted, account_id=anna, offer_id=offer.id, coupon_key=KEY, now=NOON)
    assert len(counted.sent) == 1


async def plan(tx, statement, arguments):
    """How PostgreSQL would run it, when tables are large."""
    await tx.execute("SET LOCAL enable_seqscan = off")
    rows = await tx.execute("EXPLAIN " + statement, arguments)
    return "\n".join([line async for (line,) in rows])


async def test_lists_of_offers_read_in_their_order(tx):
    """The newest and the cheapest come from an index of published offers, and nothing is sorted."""
    for _ in range(30):
        await make.offer(tx)
    await tx.execute("SET LOCAL enable_sort = off")
    wanted = await offers._filter(tx, offers.EVERYTHING, NOON, 20)
    key = {"before": make.new_id(), "points": 0, "id": make.new_id()}
    newest = await plan(tx, offers._NEWEST, wanted | key)
    cheapest = await plan(tx, offers._CHEAPEST, wanted | key)
    assert "offer_newest" in newest
    assert "offer_cheapest" in cheapest
    assert "Sort" not in newest + cheapest


async def test_what_a_claim_looks_for_has_an_index(tx):
    """Free slots, free codes, the head of a line: each is found by a key, in a large table too."""
    offer = await make.offer(tx)
    looked = {
        "offer_stock_pkey": "SELECT slot FROM offer_stock WHERE offer_id = %(id)s AND pool IN ('', '')"
        " AND remaining > 0 AND open ORDER BY pool = '', (slot + 7) %% 64 LIMIT 1"
        " FOR UPDATE SKIP LOCKED",
        "offer_code_free": "SELECT digest FROM offer_code WHERE offer_id = %(id)s AND state = 1"
        " LIMIT 1 FOR UPDATE SKIP LOCKED",
        "ticket_line": "SELECT id FROM ticket WHERE offer_id = %(id)s AND state = 1"
        " AND place IS NOT NULL ORDER BY place LIMIT 9 FOR UPDATE SKIP LOCKED",
    }
    for index, statement in looked.items():
        assert index in await plan(tx, statement, {"id": offer.id})


async def test_what_is_given_back_is_found_by_key(tx):
    """No statement of a cancel, a sweep or a withdrawal reads a whole table."""
    offer = await make.offer(tx)
    states = {"held": 1, "void": 5, "waiting": 1, "state": 4, "after": 0, "limit": 9}
    names = {"bucket": 7, "offer_id": offer.id, "now": NOON, "seed": 7, "ids": [offer.id]}
    lists = {
        "offers": [offer.id],
        "accounts": [7],
        "households": [None],
        "devices": [None],
        "made": [NOON],
        "slots": [0],
        "offer_of": [offer.id],
        "slot_of": [0],
        "units": [1],
    }
    statements = [withdraw_run._VOID, queue_step._LET_GO]
    statements += [release_units._LOCK_USES, release_units._UNCOUNT, release_units._LOCK_FUNDING]
    statements += [release_units._REFUND, release_units._LOCK_STOCK, release_units._PUT_BACK]
    statements += [release_units._FREE_CODES]
    for statement in statements:
        assert "Seq Scan" not in await plan(tx, statement, states | names | lists), statement
