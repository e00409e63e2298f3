"""Tokens into a tree, by the grammar in README.md. What names mean is not known here.

Binary operators are read by precedence in a loop, so Python's own stack grows only with
brackets, signs and ``if``, which are bounded.
"""

from dataclasses import dataclass
from decimal import Decimal

from methodologies.language.tokens import (
    DEPTH_MAX,
    FUNCTIONS,
    NODES_MAX,
    FormulaError,
    Place,
    Token,
    tokens,
)

__all__ = ["FormulaError", "Node", "parse"]

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT = 1, 2, 3, 4, 5, 6
_STRENGTH = {
    "or": _OR,
    "and": _AND,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
} | dict.fromkeys(COMPARISONS, _COMPARE)


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: ``op`` is a sign, a function, ``number``, ``name``, ``not``, ``if``."""

    op: str
    place: Place
    args: tuple["Node", ...] = ()
    number: Decimal | None = None
    name: str = ""
    unit: str = "1"
    height: int = 1


def parse(text: str) -> Node:
    """The tree of one formula.

    Raises:
        FormulaError: the text is no formula, or too long, too large or too deep.
    """
    parser = _Parser(tokens(text))
    tree = parser.expression(1)
    parser.expect_end()
    return tree


class _Parser:
    """Reads one list of tokens from left to right, looking one token ahead."""

    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0
        self.nodes = 0

    @property
    def here(self) -> Token:
        return self.found[self.at]

    def next(self) -> Token:
        token = self.found[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def is_at(self, *texts: str) -> bool:
        return self.here.kind in ("symbol", "keyword") and self.here.text in texts

    def expect(self, text: str) -> None:
        if not self.is_at(text):
            shown = self.here.text or "the end"
            raise self.here.place.error(f"expected {text!r}, found {shown!r}")
        self.next()

    def expect_end(self) -> None:
        if self.here.kind != "end":
            raise self.here.place.error(f"unexpected {self.here.text!r}")

    def make(self, op: str, place: Place, *args: Node, name: str = "") -> Node:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise place.error(f"a formula has at most {NODES_MAX} parts")
        height = 1 + max((arg.height for arg in args), default=0)
        if height > DEPTH_MAX:
            raise place.error(f"a formula is at most {DEPTH_MAX} deep")
        return Node(op, place, args, name=name, height=height)

    def expression(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise self.here.place.error(f"a formula is at most {DEPTH_MAX} deep")
        if not self.is_at("if"):
            return self.binary(_OR, depth)
        place = self.next().place
        condition = self.expression(depth + 1)
        self.expect("then")
        yes = self.expression(depth + 1)
        self.expect("else")
        return self.make("if", place, condition, yes, self.expression(depth + 1))

    def binary(self, weakest: int, depth: int) -> Node:
        left = self.operand(weakest, depth)
        compared = False
        while self.here.kind in ("symbol", "keyword"):
            sign = self.here
            strength = _STRENGTH.get(sign.text, 0)
            if strength < weakest:
                break
            if strength == _COMPARE:
                if compared:
                    raise sign.place.error("comparisons are not chained: use 'and'")
                compared = True
            self.next()
            left = self.make(sign.text, sign.place, left, self.binary(strength + 1, depth))
        return left

    def operand(self, weakest: int, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise self.here.place.error(f"a formula is at most {DEPTH_MAX} deep")
        if self.is_at("not"):
            place = self.next().place
            if weakest > _NOT:
                raise place.error("'not' stands before a comparison: use brackets")
            return self.make("not", place, self.binary(_NOT, depth + 1))
        if self.is_at("-"):
            place = self.next().place
            return self.make("minus", place, self.operand(_PRODUCT + 1, depth + 1))
        return self.atom(depth)

    def atom(self, depth: int) -> Node:
        token = self.next()
        if token.kind == "number":
            return self.literal(token)
        if token.kind == "name":
            if self.is_at("("):
                return self.call(token, depth)
            return self.make("name", token.place, name=token.text)
        if token.kind == "symbol" and token.text == "(":
            inner = self.expression(depth + 1)
            self.expect(")")
            return inner
        raise token.place.error(f"unexpected {token.text or 'end'!r}")

    def literal(self, token: Token) -> Node:
        self.make("number", token.place)
        unit = self.next().text.strip() if self.here.kind == "unit" else "1"
        return Node("number", token.place, number=Decimal(token.text), unit=unit)

    def call(self, token: Token, depth: int) -> Node:
        if token.text not in FUNCTIONS:
            raise token.place.error(f"there is no function {token.text!r}")
        self.expect("(")
        args = [self.expression(depth + 1)]
        while self.is_at(","):
            self.next()
            args.append(self.expression(depth + 1))
        self.expect(")")
        fewest, most = FUNCTIONS[token.text]
        if not fewest <= len(args) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise token.place.error(f"{token.text} takes {wanted} arguments, not {len(args)}")
        return self.make(token.text, token.place, *args)
