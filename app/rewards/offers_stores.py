"""Which stores may take an offer: open ones of the merchant that gives it."""

from collections.abc import Sequence
from uuid import UUID

from app.database import Tx
from app.merchants import stores
from app.rewards.errors import OfferUnsound


async def ensure_own(tx: Tx, *, merchant_id: UUID, store_ids: Sequence[UUID] | None) -> None:
    """Refuse to bind an offer to a store where it could never be used; None binds it to none.

    Another merchant's store is answered like one that nobody has.

    Raises:
        OfferUnsound: `field` is ``store_ids``, `store_id` the first that is no open store of it.

    """
    if store_ids is None:
        return
    own = await stores.open_among(tx, merchant_id=merchant_id, store_ids=store_ids)
    for store_id in store_ids:
        if store_id not in own:
            raise OfferUnsound(
                f"`store_ids`: the merchant has no open store {store_id}.",
                f"store_ids:该商户没有编号为 {store_id} 的营业门店。",
                field="store_ids",
                store_id=str(store_id),
            )
