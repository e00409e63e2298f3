"""Who may try: what is asked about a claim before a connection that writes is taken for it.

In order: what this process knows of the offer, whom it is for, the gate, the crowd. Each of them
may only say "need not try", and whoever has been answered before is let through to hear the same.
The gate is asked where units are few enough to be gone in a moment; else its word would be "try".
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.database import Database
from app.merchants import directory
from app.people.about import About, about
from app.problems import DomainError
from app.rewards import offers_audience, offers_known, rules
from app.rewards.gate import Gate, Word
from app.rewards.gate_crowd import Crowd
from app.rewards.offers_audience import Facts
from app.rewards.offers_errors import DeviceNeeded
from app.rewards.offers_known import Known, KnownOffers
from app.rewards.redeem import Standing
from app.rewards.tables import Mode

DEVICE_CHARS = range(8, 129)
_NOBODY = Facts("", datetime.min.replace(tzinfo=UTC), None)


@dataclass(frozen=True, slots=True)
class Asking:
    """One request for one unit."""

    offer_id: UUID
    account_id: int
    key: str
    device: str | None
    now: datetime


class Admission:
    """One process's entrance to offers.

    Args:
        gate: the shared gate; it may be silent.
        device_key: what devices are digested with.
        crowd: the bounded crowd; the usual one unless a test wants a smaller.

    """

    def __init__(self, gate: Gate, *, device_key: bytes, crowd: Crowd | None = None) -> None:
        self._gate = gate
        self._device_key = device_key
        self._crowd = crowd or Crowd()
        self._known = KnownOffers()

    @asynccontextmanager
    async def admit(self, database: Database, asking: Asking) -> AsyncIterator[Standing]:
        """Let the request try, and hold its place in the crowd meanwhile.

        Raises:
            OfferNotYetOpen: it opens later.
            OfferNotFound: it was withdrawn a moment ago.
            OfferSoldOut: no unit is left, and PostgreSQL says so.
            DistrictShareTaken: what is left is for other districts.
            NotForYou: the citizen is not whom it is for.
            DeviceNeeded: devices are counted, and none was named.
            MerchantSuspended: who gives it may not at present.
            OfferBusy: too many are asking at once.

        """
        known = await self._known.get(database, offer_id=asking.offer_id)
        standing = Standing()
        if known is not None:
            standing = await self._standing(database, asking, known)
            if known.mode is Mode.first_come and not known.has_plenty:
                await self._through_gate(database, asking, known, standing)
        async with self._crowd.enter(asking.offer_id, tight=self._gate.rests):
            yield standing

    async def _standing(self, database: Database, asking: Asking, known: Known) -> Standing:
        if known.opens_at > asking.now:
            raise rules.not_yet_open(known.opens_at)
        try:
            return await self._checked(database, asking, known)
        except DomainError:
            if await self._answered(database, asking):
                return Standing()
            raise

    async def _checked(self, database: Database, asking: Asking, known: Known) -> Standing:
        if not known.active:
            async with database.reading() as tx:
                await directory.ensure_active(tx, merchant_id=known.merchant_id)
        person = None
        if known.audience or known.has_quotas:
            async with database.reading() as tx:
                person = await about(tx, account_id=asking.account_id)
            facts = _facts(person) if person else _NOBODY
            here = asking.now.astimezone(ZoneInfo(known.zone))
            offers_audience.ensure_for(known.audience, facts, here)
        return Standing(
            device=self._device(asking, known),
            district=person.district_code if person else "",
        )

    def _device(self, asking: Asking, known: Known) -> int | None:
        if not offers_audience.counts_devices(known.limits):
            return None
        if asking.device is None or len(asking.device) not in DEVICE_CHARS:
            raise DeviceNeeded(
                "This offer counts devices, and your app does not name this one; update it.",
                "该商品按设备限兑,当前应用未提供设备标识,请更新应用。",
            )
        digest = hashlib.blake2b(asking.device.encode(), digest_size=8, key=self._device_key)
        return int.from_bytes(digest.digest(), "big") >> 1

    async def _through_gate(
        self, database: Database, asking: Asking, known: Known, standing: Standing
    ) -> None:
        """A "no" or a gate without tokens is a reason to look; only PostgreSQL sends away."""

        async def ask() -> Word:
            return await self._gate.ask(
                asking.offer_id,
                account_id=asking.account_id,
                request=asking.key,
                per_citizen=known.per_citizen,
            )

        word = await ask()
        if word in {Word.go, Word.silent}:
            return
        await self._look(database, asking, standing, ask if word is Word.unbuilt else None)

    async def _look(
        self,
        database: Database,
        asking: Asking,
        standing: Standing,
        ask: Callable[[], Awaitable[Word]] | None,
    ) -> None:
        async with database.reading() as tx:
            found = await offers_known.look(
                tx,
                offer_id=asking.offer_id,
                account_id=asking.account_id,
                key=asking.key,
                district=standing.district,
            )
        if found.units <= 0 and not found.answered:
            if found.withdrawn:
                raise rules.no_such_offer()
            raise rules.no_unit(share=found.share, others=found.others)
        if ask is not None:
            await self._gate.build(asking.offer_id, units=found.units)
            await ask()  # takes this request's token; whatever it says, we have looked

    async def _answered(self, database: Database, asking: Asking) -> bool:
        async with database.reading() as tx:
            found = await offers_known.look(
                tx,
                offer_id=asking.offer_id,
                account_id=asking.account_id,
                key=asking.key,
                district="",
            )
        return found.answered


def _facts(person: About) -> Facts:
    return Facts(person.district_code, person.known_since, person.birth_year)
