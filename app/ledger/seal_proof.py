"""Read: the proof that an entry stands in the sealed book, for its owner to check by himself.

Who holds the root of a published day, or yesterday's proof, can show that an entry was changed
or taken away afterwards. What is hashed how: `app.ledger.seal_chain`.
"""

import asyncio
from dataclasses import dataclass

from app.database import Tx
from app.ids import bucket_of
from app.ledger import seal_tree
from app.ledger.seal_chain import CANONICAL, ENTRY_BYTES, FIRST_LINK, Head, Seal
from app.ledger.seal_errors import EntryNotFound, EntryNotSealed


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's way into its bucket's chain.

    Attributes:
        canonical: the entry as it is hashed.
        leaf: its hash.
        place: its place among the leaves of the seal, from 0.
        path: the hashes beside the way from the leaf to the root.
        seal: the link that claims it.
        chain_before: the chain that ``seal`` continues.
        head: the bucket's newest link.

    """

    canonical: bytes
    leaf: bytes
    place: int
    path: tuple[bytes, ...]
    seal: Seal
    chain_before: bytes
    head: Head


async def proof(tx: Tx, *, account_id: int, unit: int, seq: int) -> Proof:
    """The proof for one entry of an account; reads the entries of its bucket's seal.

    Raises:
        EntryNotFound: the account has no such entry.
        EntryNotSealed: it was booked a moment ago.

    """
    bucket = bucket_of(account_id)
    key = {"bucket": bucket, "account_id": account_id, "unit": unit, "seq": seq}
    row = await (await tx.execute(_ENTRY, key)).fetchone()
    if row is None:
        raise EntryNotFound("Your statement has no such entry.", "您的明细中没有这条记录。")
    canonical, xid = row
    row = await (await tx.execute(_SEAL, key | {"xid": xid})).fetchone()
    if row is None:
        raise EntryNotSealed(
            "This entry is sealed within a minute or two; ask again then.",
            "该记录将在一两分钟内封存,请稍后再试。",
        )
    *told, before, head_nth, head_upto, head_chain, round_after = row
    seal = Seal(*told)
    window = {"bucket": bucket, "after": round_after, "upto": seal.upto_xid}
    packed = await (await tx.execute(_LEAVES, window)).fetchone()
    assert packed is not None, "an aggregate always answers"
    hashes = await asyncio.to_thread(seal_tree.leaves, packed[0], ENTRY_BYTES)
    leaf = seal_tree.leaves(canonical, ENTRY_BYTES)[0]
    place = hashes.index(leaf)
    return Proof(
        canonical,
        leaf,
        place,
        tuple(seal_tree.path(hashes, place)),
        seal,
        before or FIRST_LINK,
        Head(bucket, head_nth, head_upto, head_chain),
    )


_ENTRY = f"""
SELECT {CANONICAL}, xid FROM entry
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND unit = %(unit)s AND seq = %(seq)s
"""
# The seal's own range may reach far back over quiet minutes; its round's holds its entries too.
_SEAL = """
SELECT s.bucket, s.nth, s.after_xid, s.upto_xid, s.entries, s.root, s.chain, s.sealed_at,
       (SELECT chain FROM seal b WHERE b.bucket = s.bucket AND b.nth = s.nth - 1),
       h.nth, h.upto_xid, h.chain, r.after_xid
  FROM (SELECT after_xid, upto_xid FROM seal_round
         WHERE upto_xid >= %(xid)s ORDER BY upto_xid LIMIT 1) AS r
  JOIN seal s ON s.upto_xid = r.upto_xid AND s.bucket = %(bucket)s
  JOIN LATERAL (SELECT nth, upto_xid, chain FROM seal
                 WHERE bucket = s.bucket ORDER BY nth DESC LIMIT 1) AS h ON true
"""
_LEAVES = f"""
SELECT string_agg({CANONICAL}, ''::bytea ORDER BY xid, account_id, unit, seq)
  FROM entry WHERE bucket = %(bucket)s AND xid > %(after)s AND xid <= %(upto)s
"""
