"""Two commands for whoever has only this package and PyYAML: ``replay FILE``, ``check FILE``.

``python -m methodologies replay export.jsonl`` computes exported reductions again;
``python -m methodologies check path`` checks a document. Both end with 1 if something is wrong.
"""

import argparse
import sys
from pathlib import Path

from methodologies.conformance import report, tier
from methodologies.documents import DocumentError, load_document
from methodologies.recompute import ExportError, replay_file


def main(arguments: list[str]) -> int:
    """Run one command; 0 if all is well, 1 if not, 2 if the command is not understood."""
    parser = argparse.ArgumentParser(prog="python -m methodologies")
    commands = parser.add_subparsers(dest="command", required=True)
    replay = commands.add_parser("replay", help="compute exported reductions again")
    replay.add_argument("file", type=Path)
    check = commands.add_parser("check", help="check a document, or a folder <id>/<version>")
    check.add_argument("file", type=Path)
    asked = parser.parse_args(arguments)
    try:
        return _replay(asked.file) if asked.command == "replay" else _check(asked.file)
    except (DocumentError, ExportError, OSError) as refused:
        _say(f"refused: {refused}")
        return 1


def _replay(path: Path) -> int:
    told = replay_file(path)
    for each in told.found:
        _say(
            f"line {each.line} {each.id}: exported {each.exported} g, "
            f"recomputed {each.recomputed or 'nothing'}: {each.why}"
        )
    _say(f"{told.agreed} of {told.reductions} reductions agree, {told.grams} g exported")
    return 0 if told.clean else 1


def _check(path: Path) -> int:
    found = report(load_document(path))
    for finding in found.findings:
        _say(f"{finding.rule}: {finding.detail}")
    for each in found.disagreements or ():
        _say(f"second opinion: {each}")
    earned = tier(found)
    _say(f"tier: {earned}")
    return 0 if earned in ("silver", "gold") else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
