"""What would break a client that was written for the last release: a comparison of two documents.

Removed is what a caller may rely on: a path, a method, an answer's field or value. Required is
what an old caller does not send. Additions are free.
"""

from collections.abc import Iterator
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Every break, by the place where it is."""
    return list(_paths(old, new))


def _paths(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for path, item in old["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            name = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{name}: removed"
                continue
            yield from _parameters(name, item[method], now, old, new)
            yield from _bodies(name, item[method], now, old, new)
            yield from _answers(name, item[method], now, old, new)


def _parameters(
    name: str, was: dict[str, Any], now: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> Iterator[str]:
    before = {(each["in"], each["name"]): each for each in was.get("parameters", [])}
    after = {(each["in"], each["name"]): each for each in now.get("parameters", [])}
    for key in before:
        if key not in after:
            yield f"{name}: parameter {key[1]} removed"
        else:
            place = f"{name} parameter {key[1]}"
            yield from _inputs(place, before[key]["schema"], after[key]["schema"], old, new, ())
    for key, each in after.items():
        if each.get("required") and not before.get(key, {}).get("required"):
            yield f"{name}: parameter {key[1]} required"


def _bodies(
    name: str, was: dict[str, Any], now: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> Iterator[str]:
    before, after = _content(was.get("requestBody", {})), _content(now.get("requestBody", {}))
    if after and not before and now["requestBody"].get("required"):
        yield f"{name}: body required"
    if before and after:
        yield from _inputs(f"{name} body", before, after, old, new, ())


def _inputs(
    name: str, was: Any, now: Any, old: Any, new: Any, seen: tuple[str, ...]
) -> Iterator[str]:
    """What an old caller sends must still be taken."""
    mark = str(was.get("$ref", ""))
    if mark in seen:
        return
    was, now = _resolved(was, old), _resolved(now, new)
    yield from _values(name, was, now)
    yield from _narrowed(name, was, now)
    deeper = (*seen, mark) if mark else seen
    if "items" in was and "items" in now:
        yield from _inputs(f"{name}[]", was["items"], now["items"], old, new, deeper)
    for before, after in _choices(was, now):
        yield from _inputs(name, before, after, old, new, deeper)
    before, after = was.get("properties", {}), now.get("properties", {})
    for field in set(now.get("required", ())) - set(was.get("required", ())):
        yield f"{name}.{field}: required"
    for field in before:
        if field not in after:
            yield f"{name}.{field}: removed"
        else:
            yield from _inputs(f"{name}.{field}", before[field], after[field], old, new, deeper)


def _answers(
    name: str, was: dict[str, Any], now: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> Iterator[str]:
    for status, answer in was["responses"].items():
        if status not in now["responses"]:
            if status.startswith("2"):
                yield f"{name} {status}: removed"
            continue
        before, after = _content(answer), _content(now["responses"][status])
        if status.startswith("2") and before:
            yield from _outputs(f"{name} {status}", before, after, old, new, ())


def _outputs(
    name: str, was: Any, now: Any, old: Any, new: Any, seen: tuple[str, ...]
) -> Iterator[str]:
    """What an old caller reads must still be there."""
    mark = str(was.get("$ref", ""))
    if mark in seen:
        return
    was, now = _resolved(was, old), _resolved(now, new)
    deeper = (*seen, mark) if mark else seen
    if was.get("type") != now.get("type"):
        yield f"{name}: type {was.get('type')} became {now.get('type')}"
    yield from _values(name, was, now)
    for before, after in _choices(was, now):
        yield from _outputs(name, before, after, old, new, deeper)
    for field in set(was.get("required", ())) - set(now.get("required", ())):
        if field in now.get("properties", {}):
            yield f"{name}.{field}: no longer always there"
    before, after = was.get("properties", {}), now.get("properties", {})
    for field in before:
        if field not in after:
            yield f"{name}.{field}: removed"
        else:
            yield from _outputs(f"{name}.{field}", before[field], after[field], old, new, deeper)
    if "items" in was and "items" in now:
        yield from _outputs(f"{name}[]", was["items"], now["items"], old, new, deeper)


def _choices(was: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Of what may be this or that, or null: one with one, in their order."""
    before, after = was.get("anyOf", []), now.get("anyOf", [])
    if len(before) == len(after):
        yield from zip(before, after, strict=True)


_SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def _narrowed(name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What is taken now is less than what was taken."""
    if "type" in was and "type" in now and was["type"] != now["type"]:
        yield f"{name}: type {was['type']} became {now['type']}"
    if "enum" in now and "enum" not in was:
        yield f"{name}: only some values left"
    if now.get("pattern", was.get("pattern")) != was.get("pattern"):
        yield f"{name}: pattern changed"
    for bound in (*_SMALLER, *_LARGER):
        if bound not in now:
            continue
        less = bound not in was or (
            now[bound] < was[bound] if bound in _SMALLER else now[bound] > was[bound]
        )
        if less:
            yield f"{name}: {bound} narrowed"


def _values(name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for value in was.get("enum", ()):
        if "enum" in now and value not in now["enum"]:
            yield f"{name}: value {value} removed"


def _content(part: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _resolved(part: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        name = part["$ref"].rsplit("/", 1)[1]
        found: dict[str, Any] = document["components"]["schemas"][name]
        return found
    return part
