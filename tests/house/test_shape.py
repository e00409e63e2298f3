"""The shape of the house: words, sizes, names. A failure names file, line and rule."""

import ast
import re

from tests.house.sources import ROOT, sources

TOPS = ("app", "methodologies", "tests", "loadtests")
LINES_MAX = 300
BODY_LINES_MAX = 60
NAMELESS = {"utils", "util", "core", "common", "services", "service", "helpers", "helper", "misc"}
BRAND = re.compile(r"(Owns|Doors|Never):")


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function's work takes, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    return 0 if not body else (function.end_lineno or 0) - body[0].lineno + 1


def test_every_module_says_what_lives_in_it():
    """A file opens with a docstring, so the tree can be read from top to bottom."""
    silent = [each.name for each in sources(*TOPS, "alembic") if not ast.get_docstring(each.tree)]
    assert silent == []


def test_every_test_says_what_it_proves():
    """The failure report is prose: each test has a sentence that ends."""
    silent = [
        f"{each.at(test)} {test.name}"
        for each in sources("tests")
        if each.path.name.startswith("test_")
        for test in each.functions()
        if test.name.startswith("test_")
        and not (ast.get_docstring(test) or "").split("\n\n")[0].rstrip().endswith((".", "?", "!"))
    ]
    assert silent == []


def test_files_are_short():
    """A file beyond 300 lines marks a missing noun."""
    lengths = [(len(each.text.splitlines()), each.name) for each in sources(*TOPS)]
    assert [each for each in lengths if each[0] > LINES_MAX] == []


def test_functions_are_short():
    """A function beyond 60 lines does two things."""
    lengths = [
        (body_lines(function), f"{each.at(function)} {function.name}")
        for each in sources(*TOPS)
        for function in each.functions()
    ]
    assert [each for each in lengths if each[0] > BODY_LINES_MAX] == []


def test_names_say_what_is_inside():
    """If a line has no home, a noun is missing: there is no drawer for the rest."""
    drawers = {
        each.name
        for each in sources(*TOPS)
        if NAMELESS & {part.lower() for part in (*each.folders, each.path.stem)}
    }
    assert drawers == set()


def test_a_packages_front_door_is_words_only():
    """`__init__.py` re-exports nothing: re-exports are where circles start."""
    busy = [
        each.name
        for each in sources("app", "methodologies")
        if each.path.name == "__init__.py" and len(each.tree.body) > 1
    ]
    assert busy == []


def test_a_room_says_what_it_owns():
    """Owns, Doors, Never: the contract of a room, and its Never line is read in review."""
    vague = [
        each.name
        for each in sources("app")
        if each.path.name == "__init__.py"
        and each.room is not None
        and (each.path.parent / "tables.py").exists()
        and set(BRAND.findall(each.text)) != {"Owns", "Doors", "Never"}
    ]
    assert vague == []


def test_no_room_is_empty_of_words():
    """Every folder of `app` with code in it has its front door."""
    folders = {each.path.parent for each in sources("app")}
    assert [each for each in folders if not (each / "__init__.py").exists()] == []


def test_the_migrations_folder_is_not_a_package():
    """An `__init__.py` in `alembic` would shadow the library."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert not (ROOT / "alembic" / "versions" / "__init__.py").exists()


def test_migrations_are_dated_and_tell_their_price():
    """The name is the revision, the docstring says which locks and what old code does meanwhile."""
    vague = []
    for each in sources("alembic/versions"):
        named = re.fullmatch(r"(\d{4}_\d{2}_\d{2}_\d{4})_[a-z0-9_]+", each.path.stem)
        words = ast.get_docstring(each.tree) or ""
        told = re.search(r"^Locks: \S", words, re.MULTILINE) and re.search(
            r"^Old code: \S", words, re.MULTILINE
        )
        if not (named and told and f'revision = "{named[1]}"' in each.text):
            vague.append(each.name)
    assert vague == []
