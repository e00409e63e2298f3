"""Rows of a file become items that `records.read_records` reads, by a map that is settled once.

Pure: values in, values out. A value that must not be guessed refuses its row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.intake.files_map import FileMap, Source
from app.intake.files_table import FileProblem, Row, Unreadable
from app.intake.files_times import Refused, time_reader
from methodologies.contract import EXACT
from methodologies.manifest import InputSpec, Manifest

MISSING = frozenset({"", "NA"})
_FACTORS = {
    ("m", "km"): "0.001",
    ("mi", "km"): "1.609344",
    ("Wh", "kWh"): "0.001",
    ("MWh", "kWh"): "1000",
    ("g", "kg"): "0.001",
    ("t", "kg"): "1000",
}
"""What one unit is in another: exact by definition."""

Convert = Callable[[str], str] | None
_Field = tuple[str, tuple[str, ...], str | None, Convert]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is refused before anybody judges it: why, at which field, and a hint."""

    index: int
    ref: str | None
    reason: str
    field: str
    detail: str


class RowReader:
    """Turns rows into items; made once per file.

    Args:
        file_map: complete (`files_map.completed`).
        manifest: of the newest version, whose inputs are read.

    Raises:
        FileProblem: a unit that cannot be converted.

    """

    def __init__(self, file_map: FileMap, manifest: Manifest) -> None:
        self._methodology = manifest.id
        self._ref = _field("ref", file_map.ref, None, 0)
        self._subject = _field("subject", file_map.subject, None, 0)
        fields = [
            _field(name, source, manifest.inputs.get(name), file_map.shift_days)
            for name, source in file_map.data.items()
        ]
        self._constants = {each[0]: each[2] for each in fields if each[2] is not None}
        self._single = [(each[0], each[1][0], each[3]) for each in fields if len(each[1]) == 1]
        self._joined = [each for each in fields if len(each[1]) > 1]

    def read(self, rows: Sequence[Row]) -> tuple[list[Any], list[RefusedRow]]:
        """An item for each row that can be read (None for the others), and the refusals."""
        items: list[Any] = []
        refused: list[RefusedRow] = []
        for index, row in enumerate(rows):
            if isinstance(row, Unreadable):
                refused.append(RefusedRow(index, None, "malformed", "", row.detail))
                items.append(None)
                continue
            item = self._item(row)
            if isinstance(item, dict):
                items.append(item)
            else:
                name, error = item
                ref = _value(row, self._ref)
                refused.append(RefusedRow(index, ref, error.reason, f"data.{name}", error.detail))
                items.append(None)
        return items, refused

    def _item(self, row: Mapping[str, str | None]) -> dict[str, Any] | tuple[str, Refused]:
        """One item; or the field that is refused, and why. The hot loop of reading a file."""
        data = dict(self._constants)
        name = ""
        get = row.get
        try:
            for name, column, convert in self._single:
                text = get(column)
                if text is not None and text not in MISSING:
                    data[name] = text if convert is None else convert(text)
            for field in self._joined:
                name = field[0]
                if (text := _value(row, field)) is not None:
                    data[name] = text
        except Refused as error:
            return name, error
        return {
            "ref": _value(row, self._ref),
            "subject": _value(row, self._subject),
            "methodology": self._methodology,
            "data": data,
        }


def _value(row: Mapping[str, str | None], field: _Field) -> str | None:
    _, columns, const, convert = field
    if const is not None:
        return const
    if len(columns) == 1:
        text = row.get(columns[0])
    else:
        parts = [row.get(column) for column in columns]
        text = None if any(part in MISSING for part in parts) else "/".join(map(str, parts))
    if text is None or text in MISSING:
        return None
    return text if convert is None else convert(text)


def _field(name: str, source: Source, spec: InputSpec | None, shift_days: int) -> _Field:
    """How one field is read; everything that does not depend on the row is settled here."""
    if source.const is not None:
        return name, (), source.const, None
    convert: Convert = None
    if spec is not None and spec.type == "instant":
        convert = time_reader(
            zone=ZoneInfo(source.zone) if source.zone else None,
            time_format=source.time_format,
            shift_days=shift_days,
        )
    elif spec is not None and spec.type in {"decimal", "integer"}:
        convert = _number_reader(source, spec)
    return name, source.columns, None, convert


def _number_reader(source: Source, spec: InputSpec) -> Convert:
    factor = Decimal(source.scale) if source.scale else None
    if source.unit is not None and source.unit != spec.unit:
        known = _FACTORS.get((source.unit, spec.unit))
        if known is None:
            raise FileProblem(
                f"`{spec.name}` is needed in {spec.unit}, and there is no conversion from "
                f"{source.unit}; use `scale`.",
                f"{spec.name} 需要以 {spec.unit} 为单位,无法从 {source.unit} 换算,请改用 scale。",
            )
        factor = EXACT.multiply(Decimal(known), factor or Decimal(1))
    if factor is None and not source.comma:
        return None

    def read(text: str) -> str:
        if source.comma and text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        if factor is None:
            return text
        try:
            number = EXACT.multiply(Decimal(text), factor)
            # A conversion is rounded down: it never makes an act larger than it was.
            places = Decimal(1).scaleb(-spec.places)
            return format(number.quantize(places, ROUND_DOWN, EXACT), "f")
        except ArithmeticError:
            raise Refused("not_a_number", "written with digits: 3.7") from None

    return read
