"""What a body or a query may hold: whole numbers, texts, moments and days; the types for them.

Python counts years from 1 to 9999 and PostgreSQL from 4713 BC, so a moment at either end can be
written and not be read again, or ends in an overflow where somebody adds a day. No citizen, offer
or act needs such a year: it is refused where it comes in, by its field. The bounds stand here
and not in the OpenAPI document, which has no word for the bounds of a date.
"""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

YEARS = range(2000, 2201)
"""Years of moments and days that somebody sends, as they wrote them (in their own offset)."""
YEAR_UNLIKELY = "year_unlikely"
_Day = TypeVar("_Day", bound=date)


def likely(value: _Day) -> _Day:
    """A day or a moment whose year is one of `YEARS`.

    Raises:
        PydanticCustomError: it is not; a ValueError, for who reads a day without a schema.

    """
    if value.year not in YEARS:
        bounds: dict[str, int | str] = {"first": YEARS[0], "last": YEARS[-1]}
        raise PydanticCustomError(
            YEAR_UNLIKELY, "Input should be in the years {first} to {last}", bounds
        )
    return value


def day_in(text: str) -> date:
    """A day that is written as 2026-04-01, in one of `YEARS`.

    Raises:
        ValueError: it is not.

    """
    return likely(date.fromisoformat(text))


def is_storable(text: str) -> bool:
    """Whether PostgreSQL keeps a text: it has no NUL and no half of a surrogate pair."""
    return "\x00" not in text and not _has_half(text)


def _has_half(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text)


def _whole_characters(value: str) -> str:
    if _has_half(value):
        raise PydanticKnownError("string_unicode")
    return value


Whole = Annotated[int, Field(strict=True)]
"""A whole number of a body: `true`, ``"2"`` and ``2.0`` are none."""
Text = Annotated[str, AfterValidator(_whole_characters)]
"""A text of a body without a length or a pattern; with one, the validator looks by itself."""
Moment = Annotated[AwareDatetime, AfterValidator(likely)]
"""A moment with its offset."""
Day = Annotated[date, AfterValidator(likely)]
"""A civil day."""
