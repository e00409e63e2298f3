"""Checked trees into Python source: an allow-list of shapes, nothing of the author's text.

Names reach the source only with a prefix and only after the grammar has let them through
(letters, digits, underscores); numbers reach it as names of constants. The source runs in
a namespace that holds those constants, decimal operations, sums over lists, and no builtins.
"""

import re
from dataclasses import dataclass, field
from decimal import Context
from typing import Any

from methodologies.language.check import Checked, FormulaError
from methodologies.language.series import SERIES

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_CALLS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "minus": "minus",
    "abs": "abs_",
}
_SIGNS = {"same": "==", "differs": "!="}


@dataclass(slots=True)
class Source:
    """Python source in the making, and the constants it names."""

    exact: Context
    constants: dict[str, Any] = field(default_factory=dict)
    temporaries: int = 0
    lazy: dict[str, str] = field(default_factory=dict)
    """Names that are only fetched where they are used, and the expression that fetches them."""

    def constant(self, value: object) -> str:
        """A name under which the source finds this value."""
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def namespace(self) -> dict[str, Any]:
        """What the source may see, and nothing else."""
        exact = self.exact
        return self.constants | {
            "__builtins__": {},
            "add": exact.add,
            "subtract": exact.subtract,
            "multiply": exact.multiply,
            "divide": exact.divide,
            "minus": exact.minus,
            "abs_": exact.abs,
            "exact": exact,
            "sum_": SERIES["sum"],
            "mean_": SERIES["mean"],
            "count_": SERIES["count"],
        }

    def variable(self, name: str) -> str:
        """The local variable that holds the value of a name of the document."""
        assert _NAME.fullmatch(name), name
        return f"v_{name}"

    def expression(self, tree: Checked) -> str:
        """A Python expression that says the same as the tree."""
        op = tree.op
        if op == "number":
            return self.constant(tree.number)
        if op == "name":
            return self.lazy.get(tree.name) or self.variable(tree.name)
        if op == "lookup":
            return f"{self.constant(tree.table)}[{self.expression(tree.args[0])}]"
        if op in SERIES:
            return f"{op}_({self.expression(tree.args[0])}, exact)"
        if op == "shift":
            return f"multiply({self.expression(tree.args[0])}, {self.constant(tree.number)})"
        if op in ("min", "max"):
            sign = "<=" if op == "min" else ">="
            return self.chosen(sign, [self.expression(arg) for arg in tree.args])
        args = [self.expression(arg) for arg in tree.args]
        if op == "clamp":
            return self.chosen("<=", [self.chosen(">=", args[:2]), args[2]])
        if op in _CALLS:
            return f"{_CALLS[op]}({', '.join(args)})"
        if op == "if":
            return f"({args[1]} if {args[0]} else {args[2]})"
        if op == "not":
            return f"(not {args[0]})"
        assert op in {"and", "or", "==", "!=", "<", "<=", ">", ">=", "same", "differs"}, op
        return f"({args[0]} {_SIGNS.get(op, op)} {args[1]})"

    def chosen(self, sign: str, args: list[str]) -> str:
        """The first argument that stands in ``sign`` to all others, evaluated once each."""
        best = args[0]
        for other in args[1:]:
            left, best = self.named(best)
            right, tested = self.named(other)
            best = f"({left} if {best} {sign} {tested} else {right})"
        return best

    def named(self, expression: str) -> tuple[str, str]:
        """A name to repeat the expression by, and the text where it is first evaluated."""
        if expression.isidentifier():
            return expression, expression
        self.temporaries += 1
        name = f"t{self.temporaries}"
        return name, f"({name} := {expression})"


def executed(source: str, made: Source, name: str) -> Any:
    """Run the generated source and return the function it defines.

    Raises:
        FormulaError: Python itself finds the formulas nested too deeply.
    """
    namespace = made.namespace()
    try:
        code = compile(source, "<methodology>", "exec")
    except (SyntaxError, MemoryError, RecursionError):
        raise FormulaError("the formulas are nested too deeply") from None
    exec(code, namespace)  # noqa: S102 - our own text
    return namespace[name]
