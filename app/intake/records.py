"""Read a provider's batch: the envelope, record by record; a bad record spoils no other.

What an act's own data must say is the methodology's business, not this file's. Numbers are
read as exact decimals; a JSON number never becomes a float.

There are two ways through: a fast one for records without a fault, and a patient one that says
what the fault is. Whatever the fast one does not like is read again by the other, so the
answer never depends on the way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from app.intake.errors import UnreadableBatch

REF_CHARS_MAX = 80
SUBJECT_CHARS_MAX = 80
METHODOLOGY_CHARS_MAX = 60
TEXT_CHARS_MAX = 200
NAME_CHARS_MAX = 60
FIELDS_MAX = 40
ITEMS_MAX = 100


class Record(msgspec.Struct, frozen=True):
    """One record, readable but not yet believed.

    Attributes:
        index: its place in the batch, from 0.
        ref: the provider's own number for it, unique for ever.
        subject: the card, plate or meter it is about.
        methodology: which methodology it is evidence for.
        data: the evidence, name by name: text, whole numbers, exact decimals, lists of these.
        raw: the bytes of ``data`` as they were sent; None when it came otherwise than as JSON.

    """

    index: int
    ref: str
    subject: str
    methodology: str
    data: Mapping[str, Any]
    raw: bytes | None = None

    def source(self) -> bytes:
        """The data as it was sent, in one line of JSON."""
        if self.raw is not None and b"\n" not in self.raw:
            return self.raw
        return _ENCODE(self.data)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that cannot be read: which field, and what would mend it."""

    index: int
    ref: str | None
    field: str
    detail: str


def read_batch(body: bytes, *, records_max: int) -> tuple[list[Record], list[Malformed]]:
    """Split a body into records that can be read and records that cannot.

    Args:
        body: ``{"records": [...]}``, UTF-8 JSON.
        records_max: how many records one batch may have.

    Raises:
        UnreadableBatch: not JSON, not such an object, empty, or too long.

    """
    fast = _fast(body, records_max)
    return _patient(body, records_max) if fast is None else fast


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    records: list[msgspec.Raw]


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    ref: str
    subject: str
    methodology: str
    data: msgspec.Raw


def _exact(text: str) -> Decimal:
    return Decimal(text)


_envelope = msgspec.json.Decoder(_Envelope).decode
_item = msgspec.json.Decoder(_Item).decode
_data = msgspec.json.Decoder(dict[str, Any], float_hook=_exact).decode
_ENCODE = msgspec.json.Encoder(decimal_format="string").encode


def _fast(body: bytes, records_max: int) -> tuple[list[Record], list[Malformed]] | None:
    """The same as `_patient`, for a body that has no fault in its envelope; None for others."""
    try:
        body.decode()
        items = _envelope(body).records
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not 1 <= len(items) <= records_max:
        return None
    plain = b"\\u" not in body  # no escaped NUL and no lone surrogate can be in it
    records: list[Record] = []
    malformed: list[Malformed] = []
    for index, item in enumerate(items):
        raw = bytes(item)
        read: Record | Malformed | None = _fast_record(index, raw) if plain else None
        if read is None:
            try:
                told = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
                read = _read(index, told)
            except (ValueError, RecursionError):
                return None
        if type(read) is Record:
            records.append(read)
        else:
            assert isinstance(read, Malformed)
            malformed.append(read)
    return records, malformed


def _fast_record(index: int, raw: bytes) -> Record | None:
    """A record without a fault, and without anything that must be looked at twice."""
    try:
        item = _item(raw)
        source = bytes(item.data)
        data = _data(source)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return None
    if not (
        0 < len(item.ref) <= REF_CHARS_MAX
        and 0 < len(item.subject) <= SUBJECT_CHARS_MAX
        and 0 < len(item.methodology) <= METHODOLOGY_CHARS_MAX
        and len(data) <= FIELDS_MAX
    ):
        return None
    for name, value in data.items():
        if len(name) > NAME_CHARS_MAX:
            return None
        if type(value) is str:
            if len(value) > TEXT_CHARS_MAX:
                return None
        elif _problem(name, value) is not None:
            return None
    return Record(index, item.ref, item.subject, item.methodology, data, source)


def _patient(body: bytes, records_max: int) -> tuple[list[Record], list[Malformed]]:
    try:
        envelope = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _unreadable("not JSON (RFC 8259, UTF-8)", "不是有效的 JSON") from error
    if not isinstance(envelope, dict) or set(envelope) != {"records"}:
        raise _unreadable(
            "not an object with the one member `records`",
            "须为仅含 records 的对象",
            _stranger(envelope),
        )
    items = envelope["records"]
    if not isinstance(items, list) or not 1 <= len(items) <= records_max:
        raise _unreadable(
            f"`records` must be a list of 1 to {records_max}", f"records 须为 1 至 {records_max} 条"
        )
    return read_records(items)


def read_records(items: Sequence[Any]) -> tuple[list[Record], list[Malformed]]:
    """The same for records that come from a file."""
    records: list[Record] = []
    malformed: list[Malformed] = []
    for index, item in enumerate(items):
        read = _read(index, item)
        if isinstance(read, Record):
            records.append(read)
        else:
            malformed.append(read)
    return records, malformed


def _read(index: int, item: Any) -> Record | Malformed:
    if not isinstance(item, dict):
        return Malformed(index, None, "", "a record is an object")
    ref = item.get("ref")
    known = ref if isinstance(ref, str) and len(ref) <= REF_CHARS_MAX and storable(ref) else None
    for name, chars_max in _TEXTS:
        value = item.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= chars_max or not storable(value):
            return Malformed(index, known, name, f"text of 1 to {chars_max} characters is needed")
    data = item.get("data")
    if not isinstance(data, dict) or len(data) > FIELDS_MAX:
        return Malformed(index, known, "data", f"an object of up to {FIELDS_MAX} fields is needed")
    if len(item) != 4:
        extra = min(set(item) - {"ref", "subject", "methodology", "data"})
        return Malformed(index, known, extra[:60], "this member is not known; remove it")
    for name, value in data.items():
        if (problem := _problem(name, value)) is not None:
            return Malformed(index, known, f"data.{name[:60]}", problem)
    return Record(index, item["ref"], item["subject"], item["methodology"], data)


def _problem(name: str, value: Any) -> str | None:
    if not storable(name) or len(name) > NAME_CHARS_MAX:
        return "a field's name has at most 60 ordinary characters"
    if not isinstance(value, list):
        return _scalar_problem(value)
    if len(value) > ITEMS_MAX:
        return f"a list has at most {ITEMS_MAX} items"
    return next((found for found in map(_scalar_problem, value) if found is not None), None)


def _scalar_problem(value: Any) -> str | None:
    if isinstance(value, str):
        if len(value) > TEXT_CHARS_MAX or not storable(value):
            return f"at most {TEXT_CHARS_MAX} ordinary characters"
    elif isinstance(value, int):
        if abs(value) >= 10**18:
            return "the number is too large"
    elif isinstance(value, Decimal):
        if not value.is_finite() or len(value.as_tuple().digits) > 34 or abs(value.adjusted()) > 30:
            return "the number has too many digits"
    elif value is not None:
        return "text or a number is needed"
    return None


def storable(text: str) -> bool:
    """Whether PostgreSQL can keep a text: no NUL, no lone surrogate."""
    if text.isascii():
        return "\x00" not in text
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _stranger(envelope: object) -> str | None:
    """The first member that nobody asked for, as far as it can be shown."""
    names = envelope if isinstance(envelope, dict) else ()
    strange = [name for name in names if name != "records" and storable(name)]
    return strange[0][:NAME_CHARS_MAX] if strange else None


def _unreadable(what: str, what_zh: str, field: str | None = None) -> UnreadableBatch:
    facts = {} if field is None else {"field": field}
    return UnreadableBatch(
        f"The body is {what}; send an object with `records`, each with ref, subject, methodology "
        "and data.",
        f"请求体{what_zh}。",
        **facts,
    )


_TEXTS = (
    ("ref", REF_CHARS_MAX),
    ("subject", SUBJECT_CHARS_MAX),
    ("methodology", METHODOLOGY_CHARS_MAX),
)
