"""Ids that really exist, by the name they have in a path or a body; learnt from the answers.

A made-up id gets as far as "not found". Whoever sends one that an answer has just shown comes
further, so the fuzzer remembers what it sees.
"""

import random
import re
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

KEPT = 6


class Known:
    """The newest few values of each name."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._values: dict[str, deque[Any]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._own: dict[str, str] = {}
        self.names: set[str] = set()
        for path in paths:
            parts = path.split("/")
            for place, part in enumerate(parts):
                if found := re.fullmatch(r"\{(\w+)\}", part):
                    self._own.setdefault("/".join(parts[:place]), found[1])
                    self.names.add(found[1])

    def exemplify(self, schemas: dict[str, Any]) -> None:
        """Begin with the examples that stand in the document."""
        for schema in schemas.values():
            for name, field in schema.get("properties", {}).items():
                for example in field.get("examples", ())[:1]:
                    if isinstance(example, str | int):
                        self.add(name, example)

    def learn(self, path: str, answer: Any) -> None:
        """Remember the ids in an answer: by their own names, and ``id`` by the path it is under."""
        waiting = [answer]
        own = self._own.get(path)
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting += part[:5]
            elif isinstance(part, dict):
                for name, value in part.items():
                    if isinstance(value, dict | list):
                        waiting.append(value)
                    elif value is not None and name == "id" and own:
                        self.add(own, value)
                    elif value is not None and (name.endswith("_id") or name in self.names):
                        self.add(name, value)

    def add(self, name: str, value: Any) -> None:
        """Remember one."""
        if value not in self._values[name]:
            self._values[name].append(value)

    def fill(self, fields: Any, chance: random.Random) -> None:
        """Put known ids in place of half of those that were made up, at any depth of a body."""
        if isinstance(fields, list):
            for each in fields:
                self.fill(each, chance)
        if isinstance(fields, dict):
            for name, value in fields.items():
                if self._values.get(name) and chance.random() < 0.5:
                    fields[name] = chance.choice(self._values[name])
                else:
                    self.fill(value, chance)
