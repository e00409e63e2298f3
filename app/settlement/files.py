"""Writes the two files of a settlement: detail and summary as CSV, and a manifest. Pure.

The same lines make the same bytes. UTF-8 with a byte-order mark, so that spreadsheets on Chinese
systems read it; CRLF, as RFC 4180 says; money in whole fen; times in the programme's zone.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.settlement import rules
from app.settlement.days import Window
from app.settlement.lines import Line
from app.settlement.tables import LineKind

BOM = b"\xef\xbb\xbf"
DETAIL = "detail.csv"
MANIFEST = "manifest.json"
HEADER = (
    "line",
    "type",
    "at",
    "original_day",
    "late",
    "order_no",
    "refund_no",
    "coupon",
    "offer_id",
    "offer",
    "store",
    "till",
    "offline",
    "points",
    "face_value_fen",
    "government_fen",
    "merchant_fen",
    "carbon_fen",
    "payable_fen",
)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a settlement's lines; ``points`` and money are net of what was taken back."""

    lines: int
    late_lines: int
    sales: int
    undone: int
    refunds: int
    points: int
    face_value_fen: int
    government_fen: int
    merchant_fen: int
    carbon_fen: int
    payable_fen: int


@dataclass(frozen=True, slots=True)
class Written:
    """A settlement's files, and what is in them."""

    totals: Totals
    detail: bytes
    manifest: bytes

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files by name."""
        return {DETAIL: self.detail, MANIFEST: self.manifest}


def sha256(content: bytes) -> bytes:
    """The digest that a manifest shows in hex."""
    return hashlib.sha256(content).digest()


def write(
    lines: Sequence[Line], *, merchant_id: UUID, window: Window, previous_sha256: bytes | None
) -> Written:
    """Both files.

    Args:
        lines: in their order, at least one.
        merchant_id: whose.
        window: the business day.
        previous_sha256: of the manifest of the merchant's settlement before; None: the first.

    """
    assert lines, "a day on which nothing happened has no settlement"
    totals = _totals(lines, window)
    detail = table(HEADER, [_row(line, window) for line in lines])
    summary = asdict(totals)
    detail += table(tuple(summary), [tuple(summary.values())], bom=False)
    manifest = manifest_of(
        {
            "format": "puhui-settlement-1",
            "merchant_id": str(merchant_id),
            "day": window.day.isoformat(),
            "zone": window.zone,
            "from": window.from_at.isoformat(),
            "until": window.until_at.isoformat(),
            "totals": summary,
            "previous_manifest_sha256": previous_sha256.hex() if previous_sha256 else None,
        },
        {DETAIL: detail},
    )
    return Written(totals, detail, manifest)


def table(header: Sequence[str], rows: Sequence[Sequence[str | int]], *, bom: bool = True) -> bytes:
    """Rows as CSV; texts are made harmless for spreadsheets, numbers stay numbers."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([rules.cell(each) if isinstance(each, str) else each for each in row])
    return (BOM if bom else b"") + sheet.getvalue().encode()


def manifest_of(facts: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """What is said about files: their digests and sizes, and the rest; canonical JSON."""
    told = dict(facts) | {
        "files": [
            {"name": name, "bytes": len(content), "sha256": sha256(content).hex()}
            for name, content in sorted(files.items())
        ]
    }
    text = json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def _row(line: Line, window: Window) -> tuple[str | int, ...]:
    day = window.day if line.at >= window.from_at else _original(line.at, window)
    is_refund = line.kind == LineKind.refund
    return (
        line.place,
        LineKind(line.kind).name,
        line.at.astimezone(ZoneInfo(window.zone)).isoformat(timespec="seconds"),
        day.isoformat(),
        "late" if line.at < window.from_at else "",
        line.order_no,
        line.number if is_refund else "",
        rules.masked_coupon(line.coupon_digest),
        str(line.offer_id),
        line.title_zh,
        line.store_code,
        line.till_code,
        "offline" if line.offline else "",
        line.points,
        line.face_value_fen,
        line.government_fen,
        line.merchant_fen,
        line.carbon_fen,
        line.payable_fen,
    )


def _original(at: datetime, window: Window) -> date:
    return rules.day_of(at, zone=window.zone, minutes=window.minutes)


def _totals(lines: Sequence[Line], window: Window) -> Totals:
    kinds = [line.kind for line in lines]
    return Totals(
        lines=len(lines),
        late_lines=sum(line.at < window.from_at for line in lines),
        sales=kinds.count(LineKind.sale),
        undone=kinds.count(LineKind.undo),
        refunds=kinds.count(LineKind.refund),
        points=sum(line.points for line in lines),
        face_value_fen=sum(line.face_value_fen for line in lines),
        government_fen=sum(line.government_fen for line in lines),
        merchant_fen=sum(line.merchant_fen for line in lines),
        carbon_fen=sum(line.carbon_fen for line in lines),
        payable_fen=sum(line.payable_fen for line in lines),
    )
