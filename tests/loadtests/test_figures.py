"""Figures: medians, ratios, promises, and the table that tells them."""

import json

import pytest

from loadtests import figures


def test_the_ratio_is_the_median_of_the_rounds_ratios():
    """One noisy round, in which both sides are slow, changes neither ratio nor verdict."""
    told = figures.Figure("x", "1/s", [80, 8, 90], [100, 10, 100], "other", 0.8).told()
    assert told["ratio"] == pytest.approx(0.8)
    assert told["spread"] == [pytest.approx(0.8), pytest.approx(0.9)]
    assert told["kept"] is True


@pytest.mark.parametrize(("ours", "kept"), [([79.0], False), ([80.0], True)])
def test_a_promise_is_a_least_ratio(ours, kept):
    """Just below the promise is broken, the promise itself is kept."""
    assert figures.Figure("x", "1/s", ours, [100.0], "other", 0.8).told()["kept"] is kept


def test_a_side_that_is_missing_is_not_a_promise_kept():
    """Without the other side there is no ratio, and nothing is claimed."""
    told = figures.Figure("x", "1/s", [1.0], promise=0.5, note="not installed").told()
    assert (told["ratio"], told["kept"]) == (None, None)
    assert "not installed" in figures.table([told])


def test_sides_take_turns_and_the_first_turn_is_thrown_away():
    """Each side runs once more than is kept, and neither is always the first to go."""
    asked: list[str] = []
    counts = {"a": 0, "b": 0}

    def side(name: str) -> float:
        asked.append(name)
        counts[name] += 1
        return counts[name]

    found = figures.interleaved({"a": lambda: side("a"), "b": lambda: side("b")}, rounds=2)
    assert found == {"a": [2, 3], "b": [2, 3]}
    assert asked == ["b", "a", "a", "b", "b", "a"]


def test_a_report_is_a_table_and_a_file(tmp_path, capsys):
    """What is printed and what is kept are the same figures."""
    report = figures.Report("program")
    report.add(figures.Figure("wallet", "reads/s", [9.0], [10.0], "bare", 0.8))
    report.finish(tmp_path / "folder" / "told.json")
    kept = json.loads((tmp_path / "folder" / "told.json").read_text())
    assert kept["figures"][0]["ratio"] == pytest.approx(0.9)
    line = next(line for line in capsys.readouterr().out.splitlines() if "wallet" in line)
    assert "0.9" in line
    assert line.endswith("yes")


def test_the_machine_is_described():
    """A figure without its machine says nothing: processor, cores, memory, disk, versions."""
    machine = figures.machine()
    assert machine["cores"] >= 1
    assert machine["fdatasync_us"] > 0
    assert {"cpu", "memory", "system", "python", "date"} <= set(machine)
