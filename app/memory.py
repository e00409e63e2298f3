"""How often Python looks for garbage, set once when a long-lived process has started.

The catalogue and the libraries are a hundred thousand objects that live as long as the process.
Looked through every few hundred new objects, they cost a batch a third of its time; what is
garbage here is nearly always freed at once, without any looking.
"""

import gc

NEW_OBJECTS = 50_000


def settle() -> None:
    """Leave what exists alone for good, and look seldom at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 50)
