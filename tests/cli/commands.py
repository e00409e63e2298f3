"""`puhui` as a real process, on a database or a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(home, urls=None, servers=None, **more):
    """What the process sees: our servers, or none, and then it starts the embedded ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PUHUI_")}
    kept |= {"PUHUI_HOME": str(home), "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    if urls is not None:
        kept |= {"PUHUI_DATABASE__URL": urls.app, "PUHUI_REDIS__URL": servers.redis_url}
    return kept | more


def start(*words, env, **options):
    """Begin, and do not wait."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *words],
        env=env, cwd=home_of(env), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def run(*words, env, timeout=600):
    """Run to the end; `returncode`, `stdout`, `stderr`."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        env=env, cwd=home_of(env), text=True, capture_output=True, timeout=timeout, check=False,
    )  # fmt: skip


def home_of(env):
    """Commands run in the state folder, so nothing depends on where the code is."""
    Path(env["PUHUI_HOME"]).mkdir(parents=True, exist_ok=True)
    return env["PUHUI_HOME"]
