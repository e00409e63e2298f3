"""Formula text into tokens, each with its place, and the one error of the language."""

import re
from dataclasses import dataclass
from typing import Literal

CHARACTERS_MAX = 2000
NODES_MAX = 400
DEPTH_MAX = 40
NUMBER_CHARACTERS_MAX = 34

KEYWORDS = frozenset({"if", "then", "else", "and", "or", "not"})
FUNCTIONS = {
    "min": (2, 8),
    "max": (2, 8),
    "clamp": (3, 3),
    "abs": (1, 1),
    "sum": (1, 1),
    "mean": (1, 1),
    "count": (1, 1),
    "lookup": (2, 2),
}
"""Each function of the language with the fewest and the most arguments it takes."""
RESERVED = KEYWORDS | FUNCTIONS.keys() | {"grams", "acts"}
"""Words that cannot name an input, parameter, factor or term, now or later."""

Kind = Literal["number", "name", "keyword", "unit", "symbol", "end"]

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\[(?P<unit>[^\[\]\r\n]{1,60})\]"
    r"|(?P<symbol>==|!=|<=|>=|[-+*/<>(),])"
)


class FormulaError(ValueError):
    """A formula that the language does not allow, and where (both counted from 1)."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        """Keep the place, so that an officer's editor can point at it."""
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a formula, counted from 1."""

    line: int
    column: int

    def error(self, message: str) -> FormulaError:
        """The error to raise about what stands here."""
        return FormulaError(message, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, unit or sign."""

    kind: Kind
    text: str
    place: Place


def tokens(text: str) -> list[Token]:
    """The tokens of a formula, closed by one of kind ``end``.

    Raises:
        FormulaError: the text is too long or holds a character the language has not.
    """
    if len(text) > CHARACTERS_MAX:
        raise FormulaError(f"a formula has at most {CHARACTERS_MAX} characters")
    found: list[Token] = []
    position, line, line_start = 0, 1, 0
    while position < len(text):
        place = Place(line, position - line_start + 1)
        match = _TOKEN.match(text, position)
        if match is None:
            raise place.error(f"unexpected character {text[position]!r}")
        position = match.end()
        kind = match.lastgroup
        if kind == "space":
            breaks = match.group().count("\n")
            if breaks:
                line += breaks
                line_start = text.rindex("\n", 0, position) + 1
            continue
        found.append(_token(str(kind), match.group(str(kind)), place))
    found.append(Token("end", "", Place(line, position - line_start + 1)))
    return found


def _token(kind: str, text: str, place: Place) -> Token:
    if kind == "number":
        if len(text) > NUMBER_CHARACTERS_MAX:
            raise place.error(f"a number has at most {NUMBER_CHARACTERS_MAX} characters")
        return Token("number", text, place)
    if kind == "name":
        return Token("keyword" if text in KEYWORDS else "name", text, place)
    if kind == "unit":
        return Token("unit", text, place)
    return Token("symbol", text, place)
