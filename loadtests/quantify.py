"""How long one act takes: compiled, and explained, over every shipped document.

``python -m loadtests.quantify`` prints the median microseconds of `quantify` (the credit
path) and of `explain` for each document on its own quantified examples, the median over the
documents that compute grams, and their ratio. Nothing is asserted: a time belongs to the
machine it was taken on.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from loadtests import figures
from methodologies import registry
from methodologies.contract import Methodology
from methodologies.trials import context_of, evidence_of

ROUNDS = 25
PROMISED = {"compiled": 6, "explained": 250}
"""Microseconds, as median over the shipped documents."""


def acts(methodology: Methodology) -> list[tuple[Any, Any]]:
    """The quantified worked examples: refusals are faster and would flatter."""
    found = []
    for vector in methodology.vectors:
        act = (
            evidence_of(vector, methodology.manifest),
            context_of(vector, methodology.manifest),
        )
        if methodology.quantify(*act).status == "quantified":
            found.append(act)
    return found


def microseconds(run: Callable[..., object], examples: list[tuple[Any, Any]], times: int) -> float:
    """The median time of one call, each example called many times in a row."""
    taken = []
    for _ in range(ROUNDS):
        for evidence, context in examples:
            begin = time.perf_counter_ns()
            for _ in range(times):
                run(evidence, context)
            taken.append((time.perf_counter_ns() - begin) / times / 1000)
    return statistics.median(taken)


def main() -> None:
    """Measure, print a table, and keep the numbers if a file is named."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("quantify")
    times = 10 if asked.quick else 200
    rows: dict[str, tuple[float, float]] = {}
    for methodology in registry.shipped():
        examples = acts(methodology)
        compiled = microseconds(methodology.quantify, examples, times)
        explained = microseconds(methodology.explain, examples, max(1, times // 20))
        if methodology.manifest.engagement is None:  # engagements are faster and would flatter
            rows[methodology.manifest.id] = compiled, explained
        print(f"{methodology.manifest.id:24} {compiled:8.2f} us {explained:8.1f} us")
    compiled = statistics.median(row[0] for row in rows.values())
    explained = statistics.median(row[1] for row in rows.values())
    print(f"{'median of documents':24} {compiled:8.2f} us {explained:8.1f} us")
    print(f"promised {PROMISED['compiled']} and {PROMISED['explained']} us; ", end="")
    print(f"an explanation takes {explained / compiled:.0f} times a credit")
    report.facts["documents_us"] = rows
    report.add(
        figures.Figure(
            "one act: explained, beside compiled",
            "us",
            [row[1] for row in rows.values()],
            [row[0] for row in rows.values()],
            "compiled",
            note="each document is a round; an explanation may be slow, it is made when asked for",
        )
    )
    report.finish(asked.json)


if __name__ == "__main__":
    main()
