"""PostgreSQL's memory and log fit the machine, the container and the disk."""

import os
import shutil
from types import SimpleNamespace

from app import engines

GB = 2**30


def test_settings_follow_memory_and_disk_within_bounds(monkeypatch, tmp_path):
    """A laptop, a server, and a container on that server each get what they can spare."""
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(engines, "_LIMIT_OF_CONTAINER", limit)
    found = {}
    for name, memory, free, said in (
        ("laptop", 8 * GB, 30 * GB, None),
        ("server", 256 * GB, 900 * GB, "max"),
        ("container", 256 * GB, 5 * GB, str(GB // 2)),
    ):
        pages = {"SC_PAGE_SIZE": 4_096, "SC_PHYS_PAGES": memory // 4_096}
        monkeypatch.setattr(os, "sysconf", pages.__getitem__)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        if said is not None:
            limit.write_text(said + "\n")
        found[name] = tuple(engines.sized_settings(tmp_path).values())
    assert found == {
        "laptop": ("1024MB", "4096MB", "3GB"),
        "server": ("4096MB", "131072MB", "8GB"),
        "container": ("128MB", "512MB", "1GB"),
    }
