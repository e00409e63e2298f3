"""A copy as one file: a ZIP with the whole as JSON, and each part as CSV. Pure."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.rights.export_parts import Row, plain

FORMAT = 1
_MARK = "\ufeff"
"""With it, spreadsheets read UTF-8 as such."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def pack(found: Mapping[str, Sequence[Row]], *, made_at: datetime) -> bytes:
    """The copy of one moment; the same rows and time give the same bytes.

    Args:
        found: rows by the name of their part.
        made_at: stands in the file, and on each file in it.

    """
    tables = {name: [plain(row) for row in rows] for name, rows in found.items()}
    whole = {"format": FORMAT, "made_at": plain(made_at), **tables}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "data.json", json.dumps(whole, ensure_ascii=False, indent=1), made_at)
        for name, rows in tables.items():
            _add(archive, f"{name}.csv", _csv(rows), made_at)
    return out.getvalue()


def _add(archive: zipfile.ZipFile, name: str, text: str, made_at: datetime) -> None:
    info = zipfile.ZipInfo(name, made_at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, text.encode())


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return _MARK + out.getvalue()


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
