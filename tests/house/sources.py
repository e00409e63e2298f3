"""The house as the tests see it: its files, read and parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the top of the house."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders the file stands in, from the top."""
        return self.path.relative_to(ROOT).parts[:-1]

    @property
    def room(self) -> str | None:
        """Which room of `app` the file stands in; None for machinery and other houses."""
        return self.folders[1] if self.folders[0] == "app" and len(self.folders) > 1 else None

    def at(self, node: ast.AST) -> str:
        """Where something stands, as an editor can open it."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def calls(self) -> Iterator[ast.Call]:
        """Every call in the file."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def imported(self) -> Iterator[tuple[str, ast.stmt]]:
        """What the file imports, by its full name, and where."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, node) for alias in node.names)


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Every Python file under some top folders."""
    paths = [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]
    return tuple(
        Source(path, path.read_text(), ast.parse(path.read_text()))
        for path in paths
        if "__pycache__" not in path.parts
    )
