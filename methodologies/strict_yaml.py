"""YAML read strictly: every scalar is text with its place, and nothing is implied.

No numbers, booleans or dates are guessed; no anchors, aliases, tags, directives or second
documents; no duplicate keys; bounded in size and depth. The tree is built from the
parser's events on a list, so no input can exhaust Python's stack.
"""

from collections.abc import Iterator
from typing import Any, Self

import yaml

BYTES_MAX = 262_144
DEPTH_MAX = 16


class DocumentError(ValueError):
    """A document that is not allowed, and where (counted from 1; 0 if it has no place)."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        """Keep the place, so that an officer's editor can point at it."""
        super().__init__(f"{message} (line {line}, column {column})" if line else message)
        self.message = message
        self.line = line
        self.column = column


class Text(str):
    """A scalar of the document, which knows where it stands."""

    __slots__ = ("column", "line")
    line: int
    column: int

    @classmethod
    def at(cls, text: str, mark: Any) -> Self:
        """The text, and the place of its first character."""
        made = cls(text)
        made.line, made.column = mark.line + 1, mark.column + 1
        return made


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader without implicit types; only its events are used."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own convention


Tree = dict[str, Any]


def load(text: str) -> Tree:
    """The one mapping a document is.

    Raises:
        DocumentError: it is anything else, or uses what is not allowed.
    """
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_MAX:
        raise DocumentError(f"a document has at most {BYTES_MAX} bytes")
    try:
        tree = _built(_events(text))
    except yaml.MarkedYAMLError as refused:
        mark = refused.problem_mark or refused.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise DocumentError(str(refused.problem or refused.context), *place) from None
    except yaml.YAMLError as refused:
        raise DocumentError(str(refused).splitlines()[0]) from None
    except (ValueError, OverflowError) as refused:
        if isinstance(refused, DocumentError):
            raise
        raise DocumentError(f"not readable as text: {refused}") from None
    if not isinstance(tree, dict):
        raise DocumentError("a document is a mapping", 1, 1)
    return tree


def refuse(message: str, text: object) -> DocumentError:
    """The error to raise about this piece of a document."""
    return DocumentError(message, getattr(text, "line", 0), getattr(text, "column", 0))


def _events(text: str) -> Iterator[Any]:
    loader: Any = Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _refuse_event(event: Any) -> None:
    place = _place(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise DocumentError("anchors and aliases are not allowed", *place)
    if getattr(event, "tag", None):
        raise DocumentError("tags are not allowed", *place)
    if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
        raise DocumentError("directives are not allowed", *place)


def _built(events: Iterator[Any]) -> Any:
    """The tree, from events; ``open_parts`` holds what is not closed yet."""
    root: list[Any] = []
    open_parts: list[_Part] = [_Part(root, None)]
    for event in events:
        _refuse_event(event)
        if isinstance(event, yaml.DocumentStartEvent) and root:
            raise DocumentError("one document, not several", *_place(event))
        if isinstance(event, yaml.ScalarEvent):
            open_parts[-1].take(Text.at(event.value, event.start_mark))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(open_parts) > DEPTH_MAX:
                raise DocumentError(f"a document is at most {DEPTH_MAX} deep", *_place(event))
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            open_parts.append(_Part({} if is_mapping else [], event.start_mark))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = open_parts.pop()
            open_parts[-1].take(closed.content)
    return root[0] if root else None


class _Part:
    """One mapping or list that is still being read."""

    def __init__(self, content: dict[str, Any] | list[Any], mark: Any) -> None:
        self.content = content
        self.mark = mark
        self.key: Text | None = None

    def take(self, value: Any) -> None:
        if isinstance(self.content, list):
            self.content.append(value)
        elif self.key is not None:
            self.content[self.key] = value
            self.key = None
        elif not isinstance(value, Text):
            raise DocumentError("a key is text", self.mark.line + 1, self.mark.column + 1)
        elif value in self.content:
            raise refuse(f"the key {value[:60]!r} stands twice", value)
        else:
            self.key = value
