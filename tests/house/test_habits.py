"""Habits of the code that no linter knows. A failure names file, line and rule."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT, Source, sources

GUARDS = {
    "citizen": {"CurrentCitizen"},
    "merchant": {"CurrentMerchant"},
    "provider": {"CurrentProvider"},
    "officer": {"CurrentOfficer"},
    "public": set(),
    "till": set(),  # pages with a session of their own, which tests/console looks at
}
VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "websocket"}
OWN_TRANSACTIONS = {"app/database.py"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_rooms_look_down():
    """The import contracts in pyproject.toml hold: layers, methodologies, rules, no circles."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_database_file_ends_a_transaction():
    """Transactions begin, commit and roll back in app/database.py, nowhere else."""
    found = [
        f"{each.at(call)} .{call.func.attr}("
        for each in sources("app", "methodologies")
        if each.name not in OWN_TRANSACTIONS
        for call in each.calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"commit", "rollback", "transaction", "begin", "begin_nested"}
    ]
    found += [
        each.at(node)
        for each in sources("app", "methodologies")
        for node in ast.walk(each.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.match(r"\s*(COMMIT|ROLLBACK|BEGIN)\s*;?\s*$", node.value)
    ]
    assert found == []


def test_tables_and_rules_stay_in_their_room():
    """Another room calls a use case; it does not reach for the furniture."""
    found = [
        f"{each.at(node)} {name}"
        for each in sources("app")
        for name, node in each.imported()
        if (parts := name.split("."))[0] == "app"
        and len(parts) > 2
        and parts[2] in {"tables", "rules"}
        and parts[1] != each.room
    ]
    assert found == []


def audience_of(source: Source) -> str:
    """The first word after ``routes_``; further ones say what the routes are about."""
    return source.path.stem.removeprefix("routes_").partition("_")[0]


def test_a_routes_file_serves_one_audience():
    """The file name says who may call; the guard inside must agree."""
    found = []
    for each in sources("app"):
        if not each.path.name.startswith("routes_"):
            continue
        guards = {name.rsplit(".", 1)[1] for name, _ in each.imported() if ".Current" in name}
        if guards != GUARDS.get(audience_of(each)):
            found.append(f"{each.name} {sorted(guards)}")
    assert found == []


def endpoints(source: Source):
    """Functions that are decorated as routes."""
    for function in source.functions():
        for mark in function.decorator_list:
            call = mark.func if isinstance(mark, ast.Call) else mark
            if isinstance(call, ast.Attribute) and call.attr in VERBS:
                yield function


def test_every_endpoint_names_its_guard():
    """Not only the file: each endpoint of a guarded file takes the caller as a parameter."""
    found = []
    for each in sources("app"):
        guards = GUARDS.get(audience_of(each), set())
        for function in endpoints(each):
            arguments = [*function.args.args, *function.args.kwonlyargs]
            asked = {ast.unparse(arg.annotation) for arg in arguments if arg.annotation}
            if guards and not guards <= asked:
                found.append(f"{each.at(function)} {function.name}")
    assert found == []


def test_endpoints_are_async():
    """A `def` route runs in a thread and at a quarter of the speed."""
    found = [
        f"{each.at(function)} {function.name}"
        for each in sources("app")
        for function in endpoints(each)
        if isinstance(function, ast.FunctionDef)
    ]
    assert found == []


def test_a_use_case_takes_the_transaction_first_and_the_rest_by_name():
    """`redeem(tx, account_id=..., now=now)` reads as a sentence."""
    found = []
    for each in sources("app"):
        if each.room is None or each.path.stem.startswith("routes_"):
            continue
        for node in each.tree.body:
            if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            positional = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
            everything = [*positional, *(arg.arg for arg in node.args.kwonlyargs)]
            if "tx" in everything and positional != ["tx"]:
                found.append(f"{each.at(node)} {node.name}: put a * after tx")
    assert found == []


def test_money_and_mass_are_never_floats():
    """Grams, points and fen are integers; factors are Decimal; waits are whole seconds."""
    found = [
        f"{each.at(node)} {node.value}"
        for each in sources("app", "methodologies")
        for node in ast.walk(each.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert found == []


def test_rooms_are_told_the_time():
    """No room reads a clock: a use case is handed `now`, so tests own the time."""
    found = [
        each.at(call)
        for each in sources("app", "methodologies")
        if each.room not in {None, "demo", "cli"} or each.folders[0] == "methodologies"
        for call in each.calls()
        if ast.unparse(call.func)
        in {"datetime.now", "datetime.utcnow", "date.today", "time.time", "utc_now"}
    ]
    assert found == []


def is_constant(node: ast.expr) -> bool:
    """A name, a plain text, or one of them as bytes, or with a lane's buckets named in it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "routed" and is_constant(node.args[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "encode" and is_constant(node.func.value)
    return isinstance(node, ast.Name | ast.Constant | ast.Attribute | ast.Subscript)


def test_statements_are_constants():
    """SQL is never put together from values: what is executed is a name or a plain text."""
    found = [
        each.at(call)
        for each in sources("app")
        if each.room not in {None, "demo", "cli"}
        for call in each.calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"execute", "executemany", "copy"}
        and call.args
        and not is_constant(call.args[0])
    ]
    assert found == []


def test_nothing_that_matters_dies_with_the_process():
    """No background tasks of the framework, no middleware that costs three quarters of the speed."""
    banned = {"BackgroundTasks", "BackgroundTask", "BaseHTTPMiddleware"}
    found = [
        f"{each.at(node)} {name}"
        for each in sources("app")
        for name, node in each.imported()
        if name.rsplit(".", 1)[-1] in banned
    ]
    assert found == []


def words_of(node: ast.expr) -> str | None:
    """The text of a constant or an f-string; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words_of(part) or "" for part in node.values)
    return None


def test_every_refusal_speaks_both_languages():
    """`raise Refusal(detail, detail_zh)`: the first is English, the second Chinese."""
    from app import documentation, main  # noqa: F401  # all rooms' refusals exist now

    names = {error.__name__ for error in documentation.known_errors()}
    found = []
    for each in sources("app"):
        for call in each.calls():
            if ast.unparse(call.func).rsplit(".", 1)[-1] not in names or len(call.args) != 2:
                continue
            english, chinese = (words_of(arg) for arg in call.args)
            if (english is not None and CHINESE.search(english)) or (
                chinese is not None and not CHINESE.search(chinese)
            ):
                found.append(each.at(call))
    assert found == []


def test_every_refusal_explains_itself():
    """Titles in both languages, a sentence of its own, and a code nobody else has."""
    from app import documentation, main  # noqa: F401  # all rooms' refusals exist now

    errors = list(documentation.known_errors())
    silent = [
        error.__qualname__
        for error in errors
        if not (
            {"title", "title_zh", "__doc__"} <= set(vars(error))
            and vars(error)["__doc__"]
            and vars(error)["__doc__"].strip().endswith(".")
            and CHINESE.search(error.title_zh)
            and not CHINESE.search(error.title)
            and 400 <= error.status < 600
        )
    ]
    assert silent == []
    codes = [error.code() for error in errors]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code) for code in codes)
