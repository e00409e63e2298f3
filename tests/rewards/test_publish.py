"""A draft is published as it stands, and only if it stands."""

import pytest

from app.rewards import publish, withdraw
from app.rewards.errors import OfferNotDraft, OfferUnsound
from tests import make
from tests.make import NOON
from tests.rewards.test_search import store


async def test_a_store_that_has_closed_takes_nothing(tx):
    """A draft that is bound to a store which closed meanwhile is not published."""
    seller = await make.merchant(tx)
    place = await store(tx, seller, north=1)
    draft = await make.offer(tx, by=seller, store_ids=[place.id], published=False)
    payload = {"offer_id": str(draft.id)}
    await tx.execute("UPDATE store SET state = 'closed' WHERE id = %s", (place.id,))
    with pytest.raises(OfferUnsound) as refused:
        await publish.apply(tx, payload=payload, now=NOON)
    assert refused.value.facts == {"field": "store_ids", "store_id": str(place.id)}
    await tx.execute("UPDATE store SET state = 'open' WHERE id = %s", (place.id,))
    await publish.apply(tx, payload=payload, now=NOON)


async def test_a_draft_that_was_taken_back_is_told_so(tx):
    """It was never published, and nobody is told that it was."""
    draft = await make.offer(tx, published=False)
    await withdraw.withdraw(
        tx,
        offer_id=draft.id,
        merchant_id=draft.merchant.id,
        actor=f"merchant:{draft.merchant.id}",
        reason_zh="停业",
        reason_en="Closed",
        now=NOON,
    )
    with pytest.raises(OfferNotDraft, match="taken back") as refused:
        await publish.apply(tx, payload={"offer_id": str(draft.id)}, now=NOON)
    assert "已下架" in refused.value.detail_zh
    assert "发布过" not in refused.value.detail_zh
