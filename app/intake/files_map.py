"""How a provider's columns become a record: which column is which field, and how it is written.

A map is a YAML file or a few ``field=column`` pairs; read strictly, and refused in a sentence.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.intake.files_table import FileProblem
from methodologies import strict_yaml
from methodologies.manifest import Manifest

ENVELOPE = ("ref", "subject")
_KEYS = frozenset({"column", "join", "const", "zone", "format", "unit", "decimal", "scale"})


@dataclass(frozen=True, slots=True)
class Source:
    """Where one field comes from.

    Attributes:
        columns: one column, or several joined by ``/``; none for a constant.
        const: the same for every row.
        zone: where the clock stood, for times without an offset.
        time_format: how times are written, as for `datetime.strptime`.
        unit: what the column's numbers are in, if not what the methodology wants.
        comma: whether the decimals are after a comma.
        scale: what numbers are multiplied by.

    """

    columns: tuple[str, ...] = ()
    const: str | None = None
    zone: str | None = None
    time_format: str | None = None
    unit: str | None = None
    comma: bool = False
    scale: str | None = None


@dataclass(frozen=True, slots=True)
class FileMap:
    """A whole map, and by how many days a demonstration moves the file's times."""

    ref: Source
    subject: Source
    data: Mapping[str, Source] = field(default_factory=dict)
    shift_days: int = 0

    def sources(self) -> dict[str, Source]:
        """Every field, by the name the rejects file gives it."""
        named = {f"data.{name}": source for name, source in self.data.items()}
        return {"ref": self.ref, "subject": self.subject, **named}


def options_of(file_map: FileMap, *, delimiter: str, run: int) -> str:
    """The SHA-256 that names what was said about a file: other words are another ingest."""
    said = json.dumps([asdict(file_map), delimiter, run], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def from_yaml(text: str) -> FileMap:
    """A map from its YAML text.

    Raises:
        FileProblem: not a map; with line and column.

    """
    try:
        tree = strict_yaml.load(text)
        _known(tree, {*ENVELOPE, "data"}, "a map has `ref`, `subject` and `data`")
        data = tree.get("data", {})
        if not isinstance(data, dict):
            raise strict_yaml.refuse("`data` is a mapping of fields", data)
        missing = [name for name in ENVELOPE if name not in tree]
        if missing:
            raise strict_yaml.DocumentError(f"`{missing[0]}` is missing", 1, 1)
        return FileMap(
            _source(tree["ref"]),
            _source(tree["subject"]),
            {str(name): _source(value) for name, value in data.items()},
        )
    except strict_yaml.DocumentError as error:
        raise FileProblem(f"The map cannot be used: {error}.", f"映射文件有误:{error}。") from error


def from_pairs(pairs: Iterable[str], constants: Iterable[str] = ()) -> FileMap:
    """A map from ``field=column`` pairs and ``field=value`` constants.

    Raises:
        FileProblem: a pair is not one, or stands twice, or ``ref`` or ``subject`` is missing.

    """
    found: dict[str, Source] = {}
    for pair, is_constant in [*((each, False) for each in pairs), *((c, True) for c in constants)]:
        name, separator, value = pair.partition("=")
        name = name.strip().removeprefix("data.")
        if not (separator and name and value):
            raise FileProblem(
                f"`{pair}` is not a pair such as ref=trip_id.",
                f"{pair} 不是形如 ref=trip_id 的键值对。",
            )
        if name in found:
            raise FileProblem(f"`{name}` is mapped twice.", f"{name} 被映射了两次。")
        found[name] = Source(const=value) if is_constant else Source(columns=(value,))
    for name in ENVELOPE:
        if name not in found:
            raise FileProblem(
                f"The map does not say which column is `{name}`: add --map {name}=COLUMN.",
                f"映射缺少 {name}:请添加 --map {name}=列名。",
            )
    return FileMap(found.pop("ref"), found.pop("subject"), found)


def by_name(columns: Iterable[str] | None, first: Iterable[str], manifest: Manifest) -> FileMap:
    """The map of a file whose columns are called as the record's fields are.

    Args:
        columns: the file's columns; None where each row has its own.
        first: the names of the first row, which tell ``distance_km`` from ``data.distance_km``.
        manifest: whose inputs are looked for.

    """
    given = [spec.name for spec in manifest.inputs.values() if spec.derived_from is None]
    prefix = "data." if any(name.startswith("data.") for name in first) else ""
    called = {name: prefix + name for name in (*given, *manifest.evidence.fields)}
    there = set(called.values() if columns is None else columns)
    data = {name: Source(columns=(each,)) for name, each in called.items() if each in there}
    return FileMap(Source(columns=("ref",)), Source(columns=("subject",)), data)


def completed(
    file_map: FileMap,
    manifest: Manifest,
    *,
    zone: str | None,
    time_format: str | None,
    comma: bool,
    shift_days: int,
) -> FileMap:
    """The map with what the command line says for all times and all numbers.

    Raises:
        FileProblem: a field the methodology does not have, a unit or zone nobody knows.

    """
    specs = manifest.inputs
    data: dict[str, Source] = {}
    for name, source in file_map.data.items():
        spec = specs.get(name)
        if name not in manifest.evidence.fields and (spec is None or spec.derived_from is not None):
            known = [each.name for each in specs.values() if each.derived_from is None]
            every = ", ".join([*known, *manifest.evidence.fields])
            raise FileProblem(
                f"{manifest.id} has no input `{name}`; its inputs are {every}.",
                f"{manifest.id} 没有字段 {name};可用字段:{every}。",
            )
        kind = spec.type if spec is not None else "code"
        if kind == "instant":
            source = replace(  # noqa: PLW2901 - the completed one takes its place
                source,
                zone=source.zone or zone,
                time_format=source.time_format or time_format,
            )
            _ensure_zone(source.zone)
        elif kind in {"decimal", "integer"}:
            source = replace(source, comma=source.comma or comma)  # noqa: PLW2901 - the same
        data[name] = source
    return replace(file_map, data=data, shift_days=shift_days)


def ensure_columns(file_map: FileMap, columns: Iterable[str] | None) -> None:
    """Refuse a map that names columns the file does not have.

    Raises:
        FileProblem: with the columns there are.

    """
    if columns is None:
        return
    there = list(columns)
    for name, source in file_map.sources().items():
        for column in source.columns:
            if column not in there:
                raise FileProblem(
                    f"`{name}` should come from the column `{column}`, which the file does not "
                    f"have; it has {', '.join(there)}. Say it with --map {name}=COLUMN.",
                    f"文件没有 {name} 对应的列 {column};现有列:{'、'.join(there)}。",
                )


def _source(value: Any) -> Source:
    if isinstance(value, str):
        return Source(columns=(str(value),))
    if not isinstance(value, dict):
        raise strict_yaml.refuse("a field is a column's name, or a mapping", value)
    _known(value, _KEYS, f"a field has {', '.join(sorted(_KEYS))}")
    if len(value.keys() & {"column", "join", "const"}) != 1:
        raise strict_yaml.refuse("give one of `column`, `join` and `const`", next(iter(value), ""))
    joined = value.get("join")
    if joined is not None and not (isinstance(joined, list) and joined):
        raise strict_yaml.refuse("`join` is a list of columns", next(iter(value)))
    if value.get("decimal") not in {None, "comma", "point"}:
        raise strict_yaml.refuse("`decimal` is `comma` or `point`", value["decimal"])
    _ensure_number(value.get("scale"))
    columns = joined or ([value["column"]] if "column" in value else [])
    return Source(
        columns=tuple(str(each) for each in columns),
        const=_plain(value.get("const")),
        zone=_plain(value.get("zone")),
        time_format=_plain(value.get("format")),
        unit=_plain(value.get("unit")),
        comma=value.get("decimal") == "comma",
        scale=_plain(value.get("scale")),
    )


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)


def _known(tree: Mapping[str, Any], allowed: Iterable[str], hint: str) -> None:
    for key in tree:
        if key not in allowed:
            raise strict_yaml.refuse(f"`{key}` is not known here: {hint}", key)


def _ensure_number(scale: Any) -> None:
    try:
        good = scale is None or Decimal(str(scale)) > 0
    except InvalidOperation:
        good = False
    if not good:
        raise strict_yaml.refuse("`scale` is a number above zero", scale)


def _ensure_zone(zone: str | None) -> None:
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FileProblem(
            f"There is no time zone `{zone}`; write it like America/Los_Angeles.",
            f"没有名为 {zone} 的时区,写法如 Asia/Shanghai。",
        ) from error
