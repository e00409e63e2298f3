"""Seals: every entry below the watermark exactly once, in a chain without a gap."""

import asyncio
import hashlib
import struct
import time
from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ids import bucket_of
from app.ledger import seal, seal_chain, seal_days, seal_proof, seal_tree, seal_verify
from app.ledger.seal_errors import EntryNotFound, EntryNotSealed
from tests import make
from tests.ledger.histories import NOON, buy, calm, city, gain, owner, seal_all

FIELDS = [
    "bucket", "account_id", "unit", "seq", "kind", "amount", "contra", "ref", "earned_after",
    "consumed_after", "effective_at", "posted_at", "xid",
]  # fmt: skip


async def verified(database, **how):
    """What a check of all seals finds."""
    async with database.snapshot() as tx:
        return await seal_verify.verify_seals(tx, **how)


def tree(leaves):
    """The tree hash, as RFC 6962 defines it: split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def climb(leaf, place, size, path):
    """From a leaf to the root with the hashes beside the way (RFC 9162, 2.1.3.2), by itself."""
    index, last, node = place, size - 1, leaf
    for beside in path:
        assert last > 0
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + beside + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + beside).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return node


@given(items=st.lists(st.binary(min_size=4, max_size=4), max_size=70), data=st.data())
def test_trees_and_paths_are_those_of_the_rfc(items, data):
    """Root and path agree with the recursive definition and an independent climb."""
    leaves = seal_tree.leaves(b"".join(items), 4)
    assert seal_tree.root(leaves) == tree(leaves)
    if leaves:
        place = data.draw(st.integers(0, len(leaves) - 1))
        path = seal_tree.path(leaves, place)
        assert climb(leaves[place], place, len(leaves), path) == tree(leaves)


async def test_a_seal_can_be_computed_from_the_published_layout_alone(committing):
    """With struct and SHA-256 only: the document describes what is really hashed."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await buy(tx, anna, 7)
    [done] = await seal_all(committing)

    async with committing.reading() as tx:
        rows = await tx.execute(f"SELECT {', '.join(FIELDS)} FROM entry ORDER BY seq")
        entries = [dict(zip(FIELDS, row, strict=True)) async for row in rows]
        [kept] = await (await tx.execute("SELECT root, chain, upto_xid FROM seal")).fetchall()
    leaves = [hashlib.sha256(b"\x00" + _canonical(each)).digest() for each in entries]
    root = tree(leaves)
    micros = seal_chain.microseconds(NOON)
    numbers = struct.pack(">6q", bucket_of(anna), 1, 0, done.upto_xid, 2, micros)
    chain = hashlib.sha256(b"\x02" + bytes(32) + root + numbers).digest()
    assert (bytes(kept[0]), bytes(kept[1]), kept[2]) == (root, chain, done.upto_xid)


def _canonical(entry):
    """112 bytes, from the description."""
    packed = b""
    for field in FIELDS:
        value = entry[field]
        if field == "ref":
            packed += value.bytes
        elif field.endswith("_at"):
            packed += struct.pack(">q", seal_chain.microseconds(value))
        else:
            packed += struct.pack(">q", value)
    return packed


async def test_the_canonical_form_has_every_column(tx):
    """A column that is added to entries must be sealed too."""
    rows = await tx.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'entry'::regclass AND attnum > 0"
    )
    assert {name async for (name,) in rows} == set(FIELDS)
    assert all(field in seal_chain.CANONICAL for field in FIELDS)


async def test_whatever_is_booked_is_sealed_once(committing):
    """Small rounds, two workers, concurrent postings: all agrees, nothing is left out."""
    people = [make.account() for _ in range(6)]

    booking = asyncio.create_task(city(committing, people, steps=10))

    async def worker():
        rounds = 0
        while rounds < 30 or not booking.done():
            async with committing.writing() as tx:
                await seal.seal(tx, now=NOON, limit=5)
            rounds += 1

    await asyncio.gather(booking, worker(), worker())
    await seal_all(committing)
    assert await seal_all(committing) == []

    report = await verified(committing)
    async with committing.reading() as tx:
        row = await (await tx.execute("SELECT count(*) FROM entry")).fetchone()
    assert (report.breaches, report.tail, report.entries) == ([], 0, row[0])
    assert report.rounds > 3


async def test_a_second_worker_does_nothing(committing):
    """While one seals, another finds the cursor locked; afterwards nothing is new."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    await calm(committing)
    async with committing.writing() as mine:
        assert await seal.seal(mine, now=NOON) is not None
        async with committing.writing() as yours:
            assert await seal.seal(yours, now=NOON) is None
    assert await seal_all(committing) == []


async def test_a_round_that_fails_leaves_nothing(committing):
    """Seals, round and cursor are one transaction; the next minute does the same work."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    with pytest.raises(RuntimeError):
        async with committing.writing() as tx:
            await seal.seal(tx, now=NOON)
            raise RuntimeError
    [done] = await seal_all(committing)
    assert (done.nth, done.entries) == (1, 1)
    assert (await verified(committing)).breaches == []


async def test_seals_go_on_over_an_epoch(committing, fresh_urls):
    """A new epoch continues the same chains."""
    anna = make.account()
    for epoch in range(2):
        async with committing.writing() as tx:
            await gain(tx, anna, 30)
        await seal_all(committing)
        if epoch == 0:
            with psycopg.connect(fresh_urls.owner, autocommit=True) as connection:
                connection.execute("SELECT open_ledger_epoch()")
    report = await verified(committing)
    assert (report.breaches, report.entries, report.rounds) == ([], 2, 2)


async def test_an_owner_proves_an_entry_with_code_of_his_own(committing, live_client, keys):
    """The route's proof is checked with SHA-256 and struct; one flipped bit spoils it."""
    people = [make.account() for _ in range(3)]
    anna = people[0]
    neighbours = [anna + 1024 * n for n in range(1, 6)]
    async with committing.writing() as tx:
        for each in (*people, *neighbours):
            await gain(tx, each, 30)
    await seal_all(committing)
    async with committing.writing() as tx:
        await buy(tx, anna, 7)
    headers = make.citizen_headers(keys, anna)

    young = await live_client.get("/v1/me/statement/2/proof", headers=headers)
    none = await live_client.get("/v1/me/statement/3/proof", headers=headers)
    proof = (await live_client.get("/v1/me/statement/1/proof", headers=headers)).json()

    assert (young.status_code, young.json()["code"]) == (409, "entry-not-sealed")
    assert (none.status_code, none.json()["code"]) == (404, "entry-not-found")
    told = proof["seal"]
    canonical, path = bytes.fromhex(proof["canonical"]), [bytes.fromhex(p) for p in proof["path"]]
    assert struct.unpack(">q", canonical[8:16])[0] == anna
    assert struct.unpack(">q", canonical[40:48])[0] == 30

    def chain_of(entry):
        leaf = hashlib.sha256(b"\x00" + entry).digest()
        root = climb(leaf, proof["place"], told["entries"], path)
        micros = seal_chain.microseconds(NOON)
        numbers = [told[name] for name in ("bucket", "nth", "after_xid", "upto_xid", "entries")]
        packed = struct.pack(">6q", *numbers, micros)
        before = bytes.fromhex(proof["chain_before"])
        return hashlib.sha256(b"\x02" + before + root + packed).hexdigest()

    assert told["entries"] >= 6
    assert chain_of(canonical) == told["chain"] == proof["head_chain"]
    assert chain_of(canonical[:47] + b"\x1f" + canonical[48:]) != told["chain"]


async def test_proofs_exist_for_every_sealed_entry(committing):
    """After several rounds each entry of everybody leads to its own seal's root."""
    people = [make.account() for _ in range(3)]
    await city(committing, people, steps=6)
    await seal_all(committing, limit=20)
    async with committing.reading() as tx:
        rows = await (await tx.execute("SELECT account_id, seq FROM entry")).fetchall()
        for account_id, seq in rows:
            proof = await seal_proof.proof(tx, account_id=account_id, unit=1, seq=seq)
            root = climb(proof.leaf, proof.place, proof.seal.entries, proof.path)
            assert root == proof.seal.root
        with pytest.raises(EntryNotFound):
            await seal_proof.proof(tx, account_id=people[0], unit=2, seq=1)
    async with committing.writing() as tx:
        await gain(tx, people[0], 1)
    async with committing.reading() as tx:
        [(last,)] = await (await tx.execute(
            "SELECT max(seq) FROM entry WHERE account_id = %s", (people[0],))).fetchall()  # fmt: skip
        with pytest.raises(EntryNotSealed):
            await seal_proof.proof(tx, account_id=people[0], unit=1, seq=last)


async def test_a_day_is_closed_once_and_published(committing, live_client):
    """One root over all heads; closing again, or an earlier day, changes nothing."""
    first, second = date(2026, 3, 1), date(2026, 3, 2)

    async def close(day):
        async with committing.writing() as tx:
            return await seal.close_day(tx, day=day, now=NOON)

    assert not await close(first), "nothing has been sealed yet"
    async with committing.writing() as tx:
        for _ in range(3):
            await gain(tx, make.account(), 30)
    await seal_all(committing)
    assert await close(first)
    assert not await close(first)
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    await seal_all(committing, now=NOON + timedelta(days=1))
    assert await close(second)
    assert not await close(first)

    page = (await live_client.get("/v1/log/seals", params={"limit": 1})).json()
    rest = await live_client.get("/v1/log/seals", params={"cursor": page["next_cursor"]})
    bad = await live_client.get("/v1/log/seals", params={"cursor": "abc"})
    days = [*page["items"], *rest.json()["items"]]
    assert [(each["day"], each["round"], each["entries"]) for each in days] == [
        ("2026-03-02", 2, 4),
        ("2026-03-01", 1, 3),
    ]
    assert bad.status_code == 400
    report = await verified(committing)
    assert (report.days, report.breaches) == (2, [])
    later = await verified(committing, since=second)
    assert (later.days, later.entries, later.breaches) == (2, 1, [])
    async with committing.reading() as tx:
        assert len(await seal_days.page(tx, before=second, limit=9)) == 1


def test_hashing_is_fast_enough():
    """A hundred thousand entries a second and more; the best of three, on a busy machine."""
    packed = bytes(range(112)) * 100_000
    best_ns = min(_nanoseconds(packed) for _ in range(3))
    print(f"{100_000 * 10**9 // best_ns:,} entries/s hashed into a tree")
    assert best_ns < 10**9


def _nanoseconds(packed):
    began = time.thread_time_ns()  # of this thread: what others do at this moment is not its work
    seal_tree.root(seal_tree.leaves(packed, seal_chain.ENTRY_BYTES))
    return time.thread_time_ns() - began


async def test_seals_are_append_only(fresh_urls, committing):
    """The serving role may add seals and read them, nothing else."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    await seal_all(committing)
    for statement in ("UPDATE seal SET nth = 2", "DELETE FROM seal_round", "TRUNCATE seal_day"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with committing.writing() as tx:
                await tx.execute(statement)
    with owner(fresh_urls) as superuser:
        assert superuser.execute("DELETE FROM seal").rowcount == 1
    assert (await verified(committing)).breaches[0].what == "seal_missing"
