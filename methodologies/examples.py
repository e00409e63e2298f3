"""Worked examples that stand apart from their document, with what they share said once.

``common`` gives inputs and factors to every example; an example's own values
win. What comes out is the plain list a document would hold itself.
"""

from typing import Any

from methodologies.shape import Table
from methodologies.strict_yaml import Tree

SHARED = ("given", "factors")


def expanded(tree: Tree) -> list[dict[str, Any]]:
    """The examples of a ``vectors.yaml``, each of them complete.

    Raises:
        DocumentError: a key is missing or unknown.
    """
    table = Table(tree, "the examples")
    common = Table(table.take("common", {}), "common")
    shared = {key: Table(common.take(key, {}), f"common.{key}").left for key in SHARED}
    common.close()
    found = []
    for entry in table.tables("vectors", empty=False):
        whole = dict(entry.left)
        for key in SHARED:
            whole[key] = {**shared[key], **Table(whole.get(key, {}), key).left}
        found.append(whole)
    table.close()
    return found
