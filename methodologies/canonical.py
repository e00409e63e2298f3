"""One text for one content, and its hash. Nothing here knows what the content means.

The form follows RFC 8785: sorted keys, no white space, shortest escapes. Content is
text, lists and mappings only, so the number rules of that standard are never needed.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any


def canonical_json(content: object) -> str:
    """The content as canonical JSON; decimals, dates and integers become text."""
    return json.dumps(_plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_hash(canonical: str) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def plain_number(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: ``3.70`` is ``3.7``.

    A number of more than sixty places is written with its exponent, to stay readable.
    """
    text = str(value)
    if text.isdigit() and text[0] != "0":
        return text
    if "E" in text:
        if value.adjusted() > 60 or value.adjusted() < -60:
            return text if value else "0"
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _plain(content: object) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        names = (field.name for field in dataclasses.fields(content))
        return {name: _plain(getattr(content, name)) for name in names}
    if isinstance(content, Decimal):
        return plain_number(content)
    if isinstance(content, bool):
        return "yes" if content else "no"
    if content is None:
        return ""
    if isinstance(content, date):
        return content.isoformat()
    return str(content)
