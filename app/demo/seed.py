"""Build the demo city, or leave it as it is: every step may be run again.

Through the rooms' own use cases, with two officers for every offer. The two statements of its
own only look whether something is there already.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta

from app.approvals.decide import approve
from app.approvals.propose import propose
from app.catalogue import register as catalogue
from app.database import Tx
from app.demo import city, first_day
from app.demo.city import DemoFile
from app.demo.onboarding import onboard
from app.intake import providers
from app.keys import Keys
from app.main import ACTIONS
from app.people import linking
from app.people.register import CitizenView, register_citizen, register_officer
from app.people.subjects import digest_of
from app.people.vault import Vault, vault_for
from app.rewards.draft import draft_offer
from app.rewards.offers_terms import Terms
from methodologies import registry

OFFERS_LIVE = timedelta(days=60)
PRIVATE_EVERY = 6
"""Every sixth card belongs to somebody who has not agreed to anything."""


async def seed(tx: Tx, *, keys: Keys, now: datetime) -> datetime:
    """The whole city but its rides; returns when it was founded (UTC).

    Args:
        tx: the caller's transaction.
        keys: what card numbers are digested with, and contacts are sealed with.
        now: when (UTC).

    """
    await catalogue.register_shipped(tx, active_from=city.ACTIVE_FROM, now=now)
    await catalogue.set_up(
        tx,
        city_code=city.CITY_CODE,
        name_zh=city.CITY_ZH,
        name_en=city.CITY_EN,
        zone=city.ZONE,
        pack="CN",
        points_life_months=24,
        points_per_kg=rates(),
        tariff_from=city.ACTIVE_FROM,
        now=now,
    )
    for code, (name_zh, name_en) in city.PROVIDERS.items():
        await providers.admit(tx, code=code, name_zh=name_zh, name_en=name_en, now=now)
    people = await _citizens(tx, now)
    await _cards(tx, people, keys.subject, now)
    await _offers(tx, vault_for(keys), now)
    return await _founded_at(tx)


async def _citizens(tx: Tx, now: datetime) -> list[CitizenView]:
    with (city.DATA / "districts.csv").open(encoding="utf-8") as file:
        districts = [row["code"] for row in csv.DictReader(file)]
    names = [city.LEADER, *(f"citizen-{n:03}" for n in range(1, city.CITIZENS))]
    return [
        await register_citizen(
            tx, nickname=name, district_code=districts[n % len(districts)], now=now
        )
        for n, name in enumerate(names)
    ]


async def _cards(tx: Tx, people: list[CitizenView], subject_key: bytes, now: datetime) -> None:
    """Share the cards of the files out among the citizens; the leader has the busiest one."""
    for code in city.PROVIDERS:
        provider = await providers.by_code(tx, code=code)
        scenario = next(each.methodology for each in city.FILES if each.provider == code)
        for n, card in enumerate(_cards_of(code)):
            if n % PRIVATE_EVERY == PRIVATE_EVERY - 1:
                continue
            await linking.link(
                tx,
                account_id=people[n % len(people)].account_id,
                provider_id=provider.id,
                subject=digest_of(subject_key, provider_id=provider.id, subject=card),
                scenarios=[scenario],
                now=now,
            )


def _cards_of(provider: str) -> list[str]:
    """A provider's cards, the busiest first."""
    rides: dict[str, int] = {}
    for file in city.FILES:
        if file.provider == provider:
            for row in rows_of(file):
                rides[row[file.card]] = rides.get(row[file.card], 0) + 1
    return sorted(rides, key=lambda card: (-rides[card], card))


def rows_of(file: DemoFile) -> Iterator[dict[str, str]]:
    """The rows of one of the demo's own files, as text."""
    with gzip.open(city.DATA / file.name, "rt", encoding="utf-8", newline="") as packed:
        head = packed.readline()
        packed.seek(0)
        yield from csv.DictReader(packed, delimiter=";" if ";" in head else ",")


async def _offers(tx: Tx, vault: Vault, now: datetime) -> None:
    """Draft what is not on offer, and have it published by a second officer."""
    maker, checker, *_ = [
        await register_officer(tx, name=name, role=role, now=now)
        for name, role in city.OFFICERS.items()
    ]
    shops = await onboard(tx, vault=vault, now=now)
    payers = await first_day.shares(tx, maker=maker, checker=checker, now=now)
    for code, title_zh, title_en, points, stock, per_citizen in city.OFFERS:
        shop = shops[code]
        if await (await tx.execute(_ON_OFFER, (shop.id, title_en, now))).fetchone():
            continue
        offer_id = await draft_offer(
            tx,
            merchant_id=shop.id,
            contra=shop.contra,
            title_zh=title_zh,
            title_en=title_en,
            points=points,
            stock=stock,
            per_citizen=per_citizen,
            opens_at=now,
            closes_at=now + OFFERS_LIVE,
            now=now,
            terms=Terms(face_value_fen=points * first_day.FEN_PER_POINT, funding=payers),
        )
        proposal_id = await propose(
            tx,
            kind="rewards.publish",
            payload={"offer_id": str(offer_id)},
            reason="演示城市 · demo city",
            officer_id=maker,
            now=now,
        )
        await approve(tx, proposal_id=proposal_id, officer_id=checker, actions=ACTIONS, now=now)


async def _founded_at(tx: Tx) -> datetime:
    row = await (await tx.execute(_FOUNDED, (list(city.PROVIDERS),))).fetchone()
    assert row is not None
    founded_at: datetime = row[0]
    return founded_at


_ON_OFFER = "SELECT FROM offer WHERE merchant_id = %s AND title_en = %s AND closes_at > %s"
_FOUNDED = "SELECT min(created_at) FROM provider WHERE code = ANY(%s)"


def rates() -> dict[str, int]:
    """A tariff for every shipped methodology, whole points.

    Grams that may become credits earn 100 points a kilogram, others 20; an engagement earns two
    points, per act or per thousand of what it counts.
    """
    found: dict[str, int] = {}
    for methodology in registry.shipped():
        manifest = methodology.manifest
        if manifest.engagement is not None:
            found[manifest.id] = 2
        else:
            found[manifest.id] = 100 if manifest.evidence.poolable else 20
    return found | city.POINTS_PER_KG
