"""``make bench``: every program that measures, one after another; one table and one file.

Each program runs in a process of its own, on engines of its own, and is free to fail: the others
still run, and the exit code tells. Programs are found by name in this folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from loadtests import figures

FOLDER = Path(__file__).parent
PROGRAMS = [
    "quantify",
    "reading",
    "stack",
    "lanes",
    "credit",
    "ingest",
    "redeem",
    "wallet",
    "settle",
    "hordak",
    "flash_sale",
    "openloop",
    "growth",
]
"""In this order; one that is not there is left out."""
QUICK_LIMIT_S, LIMIT_S = 600, 6 * 3_600


def run(name: str, asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run one program; what it wrote down, or how it failed."""
    path = folder / f"{name}.json"
    command = [sys.executable, "-m", f"loadtests.{name}", "--json", str(path)]
    switches = (FOLDER / f"{name}.py").read_text()
    shared = "figures.arguments(" in switches
    if asked.quick and (shared or '"--quick"' in switches):
        command.append("--quick")
    if asked.scale is not None and (shared or '"--scale"' in switches):
        command += ["--scale", str(asked.scale)]
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    try:
        code = subprocess.run(
            command,
            check=False,
            cwd=FOLDER.parent,
            timeout=QUICK_LIMIT_S if asked.quick else LIMIT_S,
            env=os.environ | {"PYTHONPATH": str(FOLDER.parent)},
        ).returncode
    except subprocess.TimeoutExpired:
        code = -1
    told = json.loads(path.read_text()) if path.exists() else {}
    if not isinstance(told.get("figures"), list):  # a program that only keeps numbers
        told = {"figures": [], "facts": told}
    return told | {"program": name, "exit": code, "seconds": round(time.monotonic() - began, 1)}


def main() -> int:
    """Run all, print one table, keep one file; 1 if a program failed or a promise is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    parser.add_argument("--scale", type=float, help="how much of everything; each has its own")
    parser.add_argument("--quick", action="store_true", help="small, to see that all of it runs")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, help="some of the programs")
    asked = parser.parse_args()
    chosen = [
        name
        for name in PROGRAMS
        if (FOLDER / f"{name}.py").exists() and (not asked.only or name in asked.only)
    ]
    told: dict[str, Any] = {"machine": figures.machine(), "quick": asked.quick, "programs": []}
    with tempfile.TemporaryDirectory(prefix="puhui-figures-") as folder:
        for name in chosen:
            told["programs"].append(run(name, asked, Path(folder)))
    lines = [each for program in told["programs"] for each in program["figures"]]
    failed = [each["program"] for each in told["programs"] if each["exit"]]
    broken = [each["name"] for each in lines if each.get("kept") is False]
    print("\n" + ", ".join(f"{name} {value}" for name, value in told["machine"].items()))
    if asked.quick:
        print("quick: this only shows that the programs run; the figures mean nothing")
    print("\n" + figures.table(lines))
    for word, names in (("failed", failed), ("below its promise", broken)):
        if names:
            print(f"\n{word}: {', '.join(names)}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{asked.json}")
    return 1 if failed or (broken and not asked.quick) else 0


if __name__ == "__main__":
    sys.exit(main())
