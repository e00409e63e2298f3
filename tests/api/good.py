"""A good request for every operation, put together from the examples in the OpenAPI document."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.house.sources import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "app" / "openapi.json").read_text("utf-8"))
JSON = "application/json"


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references at its top; of a choice, the first that is not null."""
    while True:
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        elif choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            schema = next(each for each in choices if each.get("type") != "null")
        else:
            return schema


def example(schema: dict[str, Any]) -> Any:
    """A value that the document calls good, every member present."""
    for shown in (schema, resolved(schema)):
        if shown.get("examples"):
            return copy.deepcopy(shown["examples"][0])
        if "const" in shown:
            return shown["const"]
        if shown.get("enum"):
            return shown["enum"][0]
    found = resolved(schema)
    kind = found.get("type")
    if kind == "object" or "properties" in found:
        return {name: example(each) for name, each in found.get("properties", {}).items()}
    if kind == "array":
        return [example(found["items"])]
    if kind in {"integer", "number"}:
        return found.get("minimum", 1)
    if kind == "boolean":
        return True
    return "x" * max(1, found.get("minLength", 1))


def bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and schema of every operation that takes JSON."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {})
            if JSON in content:
                yield method.upper(), path, content[JSON]["schema"]


def objects(schema: dict[str, Any], way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every closed object inside a body that `example` makes; the body itself first."""
    found = resolved(schema)
    if found.get("additionalProperties") is False:
        yield way
    for name, each in found.get("properties", {}).items():
        yield from objects(each, (*way, name))
    if found.get("type") == "array" and len(way) < 8:
        yield from objects(found["items"], (*way, 0))


def strings(schema: dict[str, Any], way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every text inside a body that `example` makes."""
    found = resolved(schema)
    if found.get("type") == "string":
        yield way
    for name, each in found.get("properties", {}).items():
        yield from strings(each, (*way, name))
    if found.get("type") == "array" and len(way) < 8:
        yield from strings(found["items"], (*way, 0))


def leaves(
    made: Any, schema: dict[str, Any], kind: str, way: tuple[Any, ...] = ()
) -> Iterator[Any]:
    """The way to everything of a kind inside a body that was made: a JSON type, or a format.

    ``named`` are the objects whose members anybody may name.
    """
    found = resolved(schema)
    if isinstance(made, dict):
        rest = found.get("additionalProperties")
        if rest and kind == "named":
            yield way
        for name, each in made.items():
            inner = found.get("properties", {}).get(name) or rest
            if isinstance(inner, dict):
                yield from leaves(each, inner, kind, (*way, name))
    elif isinstance(made, list):
        for place, each in enumerate(made):
            yield from leaves(each, found.get("items", {}), kind, (*way, place))
    elif kind in {found.get("type"), found.get("format")}:
        yield way


def at(body: Any, way: tuple[Any, ...]) -> Any:
    """What stands at the end of a way; lists and objects that an example left out are made."""
    for step in way:
        body = body[step]
    return body


def full(schema: dict[str, Any]) -> Any:
    """`example`, but built member by member, so that every way leads somewhere."""
    found = resolved(schema)
    if "properties" in found:
        return {name: full(each) for name, each in found["properties"].items()}
    if found.get("type") == "array":
        return [full(found["items"])]
    return example(schema)
