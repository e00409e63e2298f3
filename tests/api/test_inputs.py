"""What every door refuses by itself: years nobody means, halves of characters, numbers in disguise.

Each value is put into a good body, or into each parameter, and the schema alone is asked: a door
that looked at something else first would hide what comes behind it.
"""

import copy
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter, ValidationError

from app.inputs import YEARS
from app.problem_texts import FIELD_ZH
from tests.api.good import at, bodies, full, leaves

MOMENTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "1999-12-31T23:59:59Z", 0)
DAYS = ("0001-01-01", "9999-12-31", "9999-12-30", "1999-12-31", 0)
NOT_WHOLE = (True, False, "2", 2.0)
BY_HAND = {"/v1/provider/batches"}
"""Bodies that are read without a schema; each record is answered by itself."""


def flat(asked: Dependant) -> Iterator[Dependant]:
    """What is asked of a caller, with all that stands behind it."""
    yield asked
    for each in asked.dependencies:
        yield from flat(each)


def models(app: FastAPI) -> dict[tuple[str, str], TypeAdapter[Any]]:
    """The reader of every body, by method and path."""
    return {
        (method, str(each.path)): TypeAdapter[Any](body.field_info.annotation)
        for each in iter_route_contexts(app.routes)
        if hasattr(each.original_route, "dependant")
        for asked in flat(each.original_route.dependant)
        for body in asked.body_params
        for method in each.original_route.methods
    }


def named(reader: TypeAdapter[Any], body: Any) -> set[tuple[Any, ...]]:
    """Where a schema finds a body wrong."""
    try:
        reader.validate_python(body)
    except ValidationError as error:
        return {each["loc"] for each in error.errors()}
    return set()


def planted(app: FastAPI, kind: str, values: tuple[Any, ...]) -> Iterator[str]:
    """Where a value in place of one of a kind is let pass, or some other field is blamed for it."""
    known = models(app)
    for method, path, schema in bodies():
        if path in BY_HAND:
            continue
        good = full(schema)
        for way in leaves(good, schema, kind):
            for value in values:
                body = copy.deepcopy(good)
                at(body, way[:-1])[way[-1]] = value
                # A choice of types is told with the type's name behind the place.
                if not any(place[: len(way)] == way for place in named(known[method, path], body)):
                    yield f"{method} {path} {way}: {value!r}"


def keyed(app: FastAPI) -> Iterator[str]:
    """Where half a character is let pass as the name of a member that may have any name."""
    known = models(app)
    for method, path, schema in bodies():
        if path in BY_HAND:
            continue
        for way in leaves(full(schema), schema, "named"):
            body = copy.deepcopy(full(schema))
            part = at(body, way)
            part["\ud800"] = next(iter(part.values()), "x")
            if not any(place[: len(way)] == way for place in named(known[method, path], body)):
                yield f"{method} {path} {way}"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("date-time", MOMENTS),
        ("date", DAYS),
        ("string", ("\ud800", "a\udfff")),
        ("integer", NOT_WHOLE),
    ],
)
def test_no_body_takes_what_nobody_means(app, kind, values):
    """An unlikely year, half a character or a number in disguise is refused by its field's name."""
    assert list(planted(app, kind, values)) == []


def test_no_body_takes_half_a_character_as_a_name(app):
    """Members that the sender names are texts too; what a proposal carries is looked at by itself."""
    assert list(keyed(app)) == ["POST /v1/admin/proposals ('payload',)"]


def test_no_parameter_takes_an_unlikely_year(app):
    """Days and moments in paths and queries have the same bounds as those in bodies."""
    let_in, met = [], 0
    for each in iter_route_contexts(app.routes):
        for asked in flat(getattr(each.original_route, "dependant", Dependant())):
            for value in (*asked.query_params, *asked.path_params, *asked.header_params):
                found = value.field_info
                kind = TypeAdapter(Annotated[found.annotation, found])
                wire = str(kind.json_schema())
                hostile = MOMENTS if "'date-time'" in wire else DAYS if "'date'" in wire else ()
                met += bool(hostile)
                let_in += [
                    f"{each.path} {value.name}: {at_}" for at_ in hostile if takes(kind, at_)
                ]
    assert let_in == []
    assert met > 5


def takes(kind: TypeAdapter[Any], value: Any) -> bool:
    """Whether a type lets a text in."""
    try:
        kind.validate_python(str(value))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("year", [YEARS[0], YEARS[-1]])
def test_the_first_and_the_last_year_are_let_in(app, year):
    """The bounds are inside: a draft may open in the first year and end in the last."""
    reader = models(app)["POST", "/v1/admin/settlements"]
    assert named(reader, {"through": f"{year}-12-31"}) == set()


ODD = (None, True, 1.5, -(10**30), 10**30, float("nan"), "", "x", "x" * 300_000, "\ud800", "9" * 5_000, [],
       ["x"] * 5_000, {}, "2026-03-01", "2026-03-01T04:00:00", MOMENTS[0], "2026-13-01")  # fmt: skip


def test_whatever_is_wrong_is_said_in_chinese_too(app):
    """Every kind of mistake that a body or a parameter can have here has its Chinese sentence."""
    known, kinds = models(app), {"json_invalid"}
    for method, path, schema in bodies():
        if path not in BY_HAND:
            good = full(schema)
            bad = [
                {},
                None,
                good | {"planted": 1},
                *({**good, key: odd} for key in good for odd in ODD),
            ]
            kinds |= {kind for body in bad for kind in wrongs(known[method, path], body)}
    for each in iter_route_contexts(app.routes):
        for asked in flat(getattr(each.original_route, "dependant", Dependant())):
            for value in (*asked.query_params, *asked.path_params, *asked.header_params):
                reader = TypeAdapter[Any](Annotated[value.field_info.annotation, value.field_info])
                kinds |= {kind for odd in ODD for kind in wrongs(reader, str(odd))}
    assert " ".join(sorted(kinds - FIELD_ZH.keys())) == ""
    assert len(kinds) > 20


def wrongs(reader: TypeAdapter[Any], value: Any) -> set[str]:
    """The kinds of mistakes that a schema finds in a value."""
    try:
        reader.validate_python(value)
    except ValidationError as error:
        return {each["type"] for each in error.errors(include_url=False, include_input=False)}
    return set()
