# ruff: noqa: INP001 - a script, not a package
"""Print what uv.lock pins as constraints that pip understands. Standard library only.

A package that is pinned to several versions has markers that tell when which one is meant.
"""

import sys
import tomllib
from pathlib import Path


def pins(lock: Path) -> list[str]:
    """``name==version ; marker`` for each package from a registry."""
    with lock.open("rb") as file:
        packages = tomllib.load(file)["package"]
    found = []
    for package in packages:
        if "registry" not in package["source"]:
            continue  # the project itself
        markers = " or ".join(f"({marker})" for marker in package.get("resolution-markers", ()))
        pin = f"{package['name']}=={package['version']}"
        found.append(f"{pin} ; {markers}" if markers else pin)
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(pins(Path(sys.argv[1]))) + "\n")
