"""Who pays how much of a unit: shares in thousandths, split to the fen. Pure.

Source: Hamilton's method (largest remainders); of equal remainders the first share is served
first, so the same split is made each time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID

from app.rewards.offers_errors import FundingUnsound

WHOLE = 1_000
FEN_PER_YUAN = 100


class Source(IntEnum):
    """Who may pay."""

    government = 1
    merchant = 2
    carbon = 3


@dataclass(frozen=True, slots=True)
class Share:
    """A payer's part of the face value; a government's or the carbon revenue's has a budget."""

    source: Source
    thousandths: int
    budget_id: UUID | None = None


MERCHANT_ALONE = (Share(Source.merchant, WHOLE),)


def split(total_fen: int, thousandths: Sequence[int]) -> list[int]:
    """``total_fen`` in parts that sum to it exactly, none further than a fen from its share."""
    assert total_fen >= 0, "nobody is paid for giving"
    assert sum(thousandths) == WHOLE, "shares are a whole"
    parts = [total_fen * share // WHOLE for share in thousandths]
    rests = [total_fen * share % WHOLE for share in thousandths]
    order = sorted(range(len(parts)), key=lambda place: (-rests[place], place))
    for place in order[: total_fen - sum(parts)]:
        parts[place] += 1
    return parts


def price_points(face_value_fen: int, points_per_yuan: int) -> int:
    """What a face value costs at a rate: rounded up, so that points never buy more than yuan."""
    return -(-face_value_fen * points_per_yuan // FEN_PER_YUAN)


def read(given: Sequence[Mapping[str, Any]]) -> tuple[Share, ...]:
    """Shares as an officer writes them; nothing written: the merchant pays all.

    Raises:
        FundingUnsound: not shares, a payer twice, or they are not 1,000 together.

    """
    if not given:
        return MERCHANT_ALONE
    try:
        shares = tuple(
            Share(
                Source[each["source"]],
                int(each["thousandths"]),
                UUID(str(each["budget_id"])) if each.get("budget_id") is not None else None,
            )
            for each in given
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unsound("funding") from error
    ensure_sound(shares)
    return shares


def ensure_sound(shares: Sequence[Share]) -> None:
    """Refuse shares that are no split.

    Raises:
        FundingUnsound: `field` is ``funding``.

    """
    sources = [share.source for share in shares]
    if (
        len(set(sources)) != len(sources)
        or any(not 1 <= share.thousandths <= WHOLE for share in shares)
        or sum(share.thousandths for share in shares) != WHOLE
        or any((share.source is Source.merchant) != (share.budget_id is None) for share in shares)
    ):
        raise unsound("funding")


def unsound(field: str) -> FundingUnsound:
    """The refusal that names what is wrong."""
    return FundingUnsound(
        f"`{field}` makes no sense: payers once each, 1 to 1000 thousandths, 1000 together;"
        " all but the merchant draw on a budget of their own kind.",
        f"{field} 无效:各出资方仅一次,份额合计 1000‰;除商户外须指定同类预算。",
        field=field,
    )
