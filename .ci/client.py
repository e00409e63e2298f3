# ruff: noqa: INP001, T201 - a script that prints, not a package
"""Generate the typed Python client from `app/openapi.json`: `build/puhui_client`, or elsewhere.

Nothing of it is committed: it is half a thousand files, made in two seconds, and cannot be stale.
``python .ci/client.py [FOLDER]`` needs what `.ci/install dev` installs, and no network.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "puhui_client"
BYTES = "application/octet-stream"
AS_BYTES = ("text/csv", "text/event-stream", "application/zip", "image/png", "image/jpeg",
            "image/webp", "image/svg+xml")  # fmt: skip
"""What a client hands on as it came."""


def document() -> dict[str, Any]:
    """The OpenAPI document, as far as the generator reads it: one kind of body for each door."""
    found: dict[str, Any] = json.loads((ROOT / "app" / "openapi.json").read_text("utf-8"))
    for path in found["paths"].values():
        for operation in path.values():
            # An answer without a body makes everything `Any`; nobody gets a 304 unasked.
            operation["responses"].pop("304", None)
            content = operation.get("requestBody", {}).get("content", {})
            for kind in list(content)[1:]:
                del content[kind]
            for kind in content:
                if kind in AS_BYTES:
                    content[kind] = {"schema": {"type": "string", "format": "binary"}}
    return found


def build(into: Path) -> Path:
    """Generate the package; whatever the generator cannot express is an error."""
    config = {
        "project_name_override": "puhui-client",
        "package_name_override": PACKAGE,
        "post_hooks": [],
        "literal_enums": True,
        "content_type_overrides": dict.fromkeys(AS_BYTES, BYTES),
    }
    target = into / PACKAGE
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings, source = Path(folder) / "config.json", Path(folder) / "openapi.json"
        settings.write_text(json.dumps(config), "utf-8")
        source.write_text(json.dumps(document(), ensure_ascii=False), "utf-8")
        subprocess.run(
            [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none",
             "--path", source, "--config", settings, "--output-path", target,
             "--overwrite", "--fail-on-warning"],
            check=True,
        )  # fmt: skip
    (target / "py.typed").touch()
    return target


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build"))
