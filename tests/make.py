"""Builders of rows. Each returns something valid; a test names only what it cares about.

Accounts, merchants and officers are new each time, so tests that really commit, or that are
counted by the rate limit, do not meet each other.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.database import Tx
from app.ids import account_number, bucket_of, new_id
from app.keys import Keys
from app.ledger.earn import Earning, earn
from app.merchants.directory import MerchantView
from app.merchants.register import register
from app.people.offices import EVERYBODY, Office
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens
from app.people.vault import vault_for
from app.rewards import publish
from app.rewards.draft import draft_offer
from app.rewards.offers_terms import Terms

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
VAULT = vault_for(Keys(Ed25519PrivateKey.generate(), b"c" * 32, b"s" * 32))
"""What the service of `tests.conftest` seals with."""
QUARTER_END = date(2028, 3, 31)


@dataclass(frozen=True)
class Offer:
    """An offer, and who gives it."""

    id: UUID
    merchant: MerchantView
    points: int


def account() -> int:
    """The number of an account that nobody else has."""
    return account_number(1 + secrets.randbelow(10**12))


async def points(tx: Tx, account_id: int, amount: int) -> None:
    """Give an account points, the way a reduction would."""
    earning = Earning(account_id, amount, new_id(), NOON)
    await earn(tx, earnings=[earning], expires_on=QUARTER_END, now=NOON)


def names(text: str, account_id: int) -> bool:
    """Whether a text names the account; a random id around the same digits does not."""
    return re.search(rf"(?<![\w.-]){account_id}(?![\w-]|\.\d)", text) is not None


def strangers(count: int) -> list[int]:
    """Accounts of as many different buckets."""
    found: dict[int, int] = {}
    while len(found) < count:
        account_id = account()
        found[bucket_of(account_id)] = account_id
    return list(found.values())


async def rich(tx: Tx, amount: int = 1_000) -> int:
    """A new account with points."""
    account_id = account()
    await points(tx, account_id, amount)
    return account_id


async def merchant(tx: Tx) -> MerchantView:
    """A café."""
    return await register(
        tx,
        code=f"cafe-{secrets.token_hex(6)}",
        name_zh="街角咖啡",
        name_en="Corner Coffee",
        category="food",
        district_code="321102",
        now=NOON,
    )


async def offer(
    tx: Tx,
    *,
    by: MerchantView | None = None,
    points: int = 100,
    stock: int = 10,
    per_citizen: int = 2,
    opens_at: datetime = NOON - timedelta(days=1),
    closes_at: datetime = NOON + timedelta(days=7),
    published: bool = True,
    **terms: Any,
) -> Offer:
    """One coffee for 100 points, published and open for a week; ``terms`` say more about it."""
    seller = by or await merchant(tx)
    offer_id = await draft_offer(
        tx,
        merchant_id=seller.id,
        contra=seller.contra,
        title_zh="一杯咖啡",
        title_en="One coffee",
        points=points,
        stock=stock,
        per_citizen=per_citizen,
        opens_at=opens_at,
        closes_at=closes_at,
        now=NOON,
        terms=Terms(**terms),
    )
    if published:
        await publish.apply(tx, payload={"offer_id": str(offer_id)}, now=NOON)
    return Offer(offer_id, seller, points)


def citizen_headers(
    keys: Keys, account_id: int, *, key: str | None = None, language: str = "en"
) -> dict[str, str]:
    """What a citizen's phone sends; ``key`` is the Idempotency-Key, new unless given."""
    token = Tokens(keys.token).sign(
        Audience.citizen, subject=str(new_id()), account_id=account_id, now=NOON
    )
    return _headers(token, language) | {"Idempotency-Key": key or secrets.token_hex(8)}


def keyless(headers: dict[str, str]) -> dict[str, str]:
    """The same without an Idempotency-Key: each request stands for itself."""
    return {name: value for name, value in headers.items() if name != "Idempotency-Key"}


def merchant_headers(
    keys: Keys, merchant_id: UUID, *, role: Role = Role.manager, language: str = "en"
) -> dict[str, str]:
    """What a merchant's people send."""
    token = Tokens(keys.token).sign(
        Audience.merchant, subject=str(merchant_id), seat=Seat(role), now=NOON
    )
    return _headers(token, language)


def officer_headers(
    keys: Keys,
    officer_id: UUID,
    *,
    language: str = "en",
    offices: frozenset[Office] = EVERYBODY,
) -> dict[str, str]:
    """What an officer's browser sends; a developer's token, so one may hold all offices."""
    token = Tokens(keys.token).sign(
        Audience.officer, subject=str(officer_id), offices=offices, now=NOON
    )
    return _headers(token, language)


def _headers(token: str, language: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept-Language": language}
