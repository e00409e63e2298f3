"""An author's tools on the command line, and a replay by somebody who has only a file."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.commands import ROOT

BIKE = "methodologies/bike_ride/1.0.0"


def puhui(*words, given=""):
    """One command, as an author types it."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        input=given,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_a_shipped_document_is_gold():
    """Every rule passes, and a second implementation agrees."""
    done = puhui("methodology", "check", BIKE)
    assert (done.returncode, "gold" in done.stdout) == (0, True), done.stdout


def test_a_broken_document_is_refused_with_its_place(tmp_path):
    """Line and column stand in the refusal, and the exit code says no."""
    text = (ROOT / BIKE / "methodology.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "methodology.yaml"
    broken.write_text(
        text.replace("min(distance_km, max_ride_km)", "min(distance_km, 3 [kg])"), encoding="utf-8"
    )
    done = puhui("methodology", "check", str(broken))
    assert done.returncode == 1
    assert "line" in done.stderr


def test_an_act_is_explained():
    """3.7 km of yesterday are 180 g, and the formulas are shown."""
    end = datetime.now(UTC) - timedelta(days=1)
    done = puhui(
        "methodology", "explain", BIKE,
        "--given", "distance_km=3.7",
        "--given", f"started_at={(end - timedelta(minutes=15)).isoformat()}",
        "--given", f"ended_at={end.isoformat()}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "quantified: 180 g CO2e" in done.stdout
    assert "0.18019" in done.stdout


def test_two_versions_are_compared_on_real_acts(tmp_path):
    """A shorter longest ride is named as changed, and the act it cuts is shown with its grams."""
    for name in ("methodology.yaml", "vectors.yaml"):
        text = (ROOT / BIKE / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("value: 20, unit: km", "value: 2, unit: km"))
    end = datetime.now(UTC) - timedelta(days=1)
    times = {"started_at": (end - timedelta(minutes=15)).isoformat(), "ended_at": end.isoformat()}
    acts = tmp_path / "acts.jsonl"
    acts.write_text(json.dumps(times | {"distance_km": "3.7"}) + "\n")

    done = puhui("methodology", "diff", BIKE, str(tmp_path / "methodology.yaml"), "--on", str(acts))

    assert done.returncode == 0, done.stderr
    assert "act 1: 180 g -> 97 g" in done.stdout


def test_six_answers_make_a_document_that_checks(tmp_path):
    """The draft loads and passes its own two examples."""
    answers = (
        "scooter_ride\n滑板车\nScooter ride\ndistance_km km\nscooter_net_kg_per_km\n"
        "Somebody, Some paper\n"
    )
    made = puhui("methodology", "new", str(tmp_path), given=answers)
    assert made.returncode == 0, made.stderr
    checked = puhui("methodology", "check", str(tmp_path / "scooter_ride" / "1.0.0"))
    assert "tier" in checked.stdout


def test_bounds_and_bundle(tmp_path):
    """The largest act is proved, and the same folder gives the same bytes."""
    shown = puhui("methodology", "bounds", BIKE)
    assert "10000 g" in shown.stdout
    files = [tmp_path / name for name in ("a.json", "b.json")]
    for file in files:
        assert puhui("methodology", "bundle", BIKE, "--to", str(file)).returncode == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_file_that_is_no_export_is_refused(tmp_path):
    """Replay says what is wrong, and ends with 1."""
    file = Path(tmp_path / "x.jsonl")
    file.write_text("{}\n", encoding="utf-8")
    done = puhui("replay", str(file))
    assert done.returncode == 1
    assert "header" in done.stderr


def test_what_should_be_looked_at_again_is_counted():
    """The count of overdue sources is printed, with the day it was counted on."""
    done = puhui("methodology", "overdue", "--pack", "CN")
    assert done.returncode == 0
    assert "overdue on" in done.stdout
