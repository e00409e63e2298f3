"""Print the versions that ``uv.lock`` pins, as constraints for pip.

For machines without uv. Standard library only: it runs before anything is installed. A package
that the lock holds in several versions is printed once for each, with the marker that chooses.
"""

import sys
import tomllib
from pathlib import Path


def pins(lock: Path) -> list[str]:
    """One ``name==version ; marker`` for each locked package that comes from a registry."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return sorted(
        f"{package['name']}=={package['version']}{suffix}"
        for package in packages
        if "registry" in package["source"]
        for suffix in _markers(package)
    )


def _markers(package: dict[str, list[str]]) -> list[str]:
    return [f" ; {marker}" for marker in package.get("resolution-markers", [])] or [""]


if __name__ == "__main__":
    print("\n".join(pins(Path(sys.argv[1]))))
