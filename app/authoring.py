"""``puhui methodology ...`` and ``puhui replay``: an author's tools. No database, no network.

Thin over the `methodologies` package, whose functions the officers' routes use as well, so an
officer without Python is told the same.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from methodologies import authoring, packs, registry
from methodologies.bounds import Unbounded, bounds, largest_grams
from methodologies.conformance import report, tier
from methodologies.contract import Context
from methodologies.documents import Document, DocumentError, load_document
from methodologies.evidence import EvidenceError, reader_for
from methodologies.explanation import sentence
from methodologies.packs import FactorError, keys_of
from methodologies.recompute import ExportError, replay_file
from methodologies.replay import Evidence

author = typer.Typer(
    help="编写方法学 · write, check and explain methodologies.", no_args_is_help=True
)
out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
ZONE = ZoneInfo("Asia/Shanghai")

Folder = Annotated[Path, typer.Argument(help="A folder <id>/<version>, or one YAML file.")]
Given = Annotated[list[str], typer.Option("--given", help="name=value, as a provider sends it.")]
PackName = Annotated[str, typer.Option("--pack", help="Whose factors: CN, SZ, WH ...")]


def _refuse(error: Exception) -> NoReturn:
    Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
    raise typer.Exit(1) from None


def _load(path: Path) -> Document:
    try:
        return load_document(path)
    except (DocumentError, OSError) as error:
        _refuse(error)


@author.command("new")
def new(folder: Annotated[Path, typer.Argument(help="Where the draft goes.")]) -> None:
    """Ask six questions, and write a first draft that passes its own examples."""
    answers = {key: str(typer.prompt(text)) for key, text in authoring.QUESTIONS.items()}
    try:
        text = authoring.new_document(answers)
    except (KeyError, ValueError) as error:
        _refuse(error)
    target = folder / answers["id"].strip() / "1.0.0"
    target.mkdir(parents=True, exist_ok=False)
    (target / "methodology.yaml").write_text(text, encoding="utf-8")
    out.print(f"已写好草稿 · a draft is in {target / 'methodology.yaml'}; now `check` it.")


@author.command("check")
def check(path: Folder) -> None:
    """Run every named rule; 0 if the document may be activated (silver or gold)."""
    found = report(_load(path))
    for finding in found.findings:
        out.print(f"{finding.rule}: {finding.detail}", markup=False)
    for each in found.disagreements or ():
        out.print(f"second opinion: {each}", markup=False)
    earned = tier(found)
    out.print(f"等级 tier: {earned}")
    raise typer.Exit(0 if earned in {"silver", "gold"} else 1)


@author.command("explain")
def explain(path: Folder, given: Given = [], pack: PackName = "CN") -> None:  # noqa: B006 - typer copies it
    """Compute one act, and show every step."""
    document = _load(path)
    manifest = document.manifest
    now = datetime.now(UTC)
    data = dict(pair.partition("=")[::2] for pair in given)
    for spec in manifest.inputs.values():
        if spec.type == "instant":
            data.setdefault(spec.name, now.isoformat())
    try:
        evidence = reader_for(manifest).read(data, received_at=now, zone=ZONE, history=data)
        worth, steps = document.explain(evidence, _context(document, evidence, pack))
    except (EvidenceError, FactorError, KeyError) as error:
        _refuse(error)
    table = Table("kind", "name", "标签", "label", "value", "unit", "formula")
    for step in steps:
        table.add_row(
            step.kind,
            step.name,
            step.label["zh"],
            step.label["en"],
            step.value,
            step.unit,
            step.formula,
        )
    out.print(table)
    told = sentence(manifest, steps)
    out.print(told["zh"], told["en"], sep="\n", markup=False)
    why = f" ({worth.reason_code})" if worth.reason_code else ""
    out.print(f"{worth.status}{why}: {worth.grams} g CO2e")


def _context(document: Document, evidence: Mapping[str, Any], pack: str) -> Context:
    needs = document.manifest.factors
    day = evidence.occurred_on if isinstance(evidence, Evidence) else evidence["occurred_on"]
    assert isinstance(day, date)
    region = evidence.get("grid_region")
    factors = registry.packs()[pack].resolve(
        needs,
        occurred_on=day,
        grid_region=region if isinstance(region, str) else None,
        keys=keys_of(needs, evidence),
    )
    return Context(day, factors)


@author.command("diff")
def diff(
    old: Folder,
    new_: Annotated[Path, typer.Argument(metavar="NEW", help="The version that may follow.")],
    on: Annotated[Path | None, typer.Option(help="JSON lines: one act's data each.")] = None,
    pack: PackName = "CN",
) -> None:
    """Say what a new version changes: in the text, and in the worth of acts."""
    before, after = _load(old), _load(new_)
    try:
        found = authoring.diff(before, after, _acts(before, on, pack) if on else ())
    except (EvidenceError, FactorError, ValueError, OSError) as error:
        _refuse(error)
    out.print("改动 changed:", ", ".join(found.changed) or "-", markup=False)
    out.print(
        f"acts {found.acts}, differing {found.differing}; grams {found.grams_before} -> "
        f"{found.grams_after}; newly refused {found.newly_refused}, accepted {found.newly_accepted}"
    )
    for each in found.movers:
        why = each.reason_after or each.reason_before or ""
        out.print(f"  act {each.act}: {each.before} g -> {each.after} g {why}".rstrip())


def _acts(document: Document, path: Path, pack: str) -> Iterator[tuple[Evidence, Context]]:
    reader, now = reader_for(document.manifest), datetime.now(UTC)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line, parse_float=str)
            evidence = reader.read(data, received_at=now, zone=ZONE, history=data)
            yield evidence, _context(document, evidence, pack)


@author.command("bounds")
def bound(path: Folder) -> None:
    """Show the least and greatest value of each term over everything a record may say."""
    document = _load(path)
    try:
        for name, (low, high) in bounds(document).items():
            out.print(f"{name}: {low} .. {high}")
        out.print(f"单次上限 the most one act can be worth: {largest_grams(document)} g")
    except Unbounded as error:
        _refuse(error)


@author.command("bundle")
def bundle(folder: Folder, to: Annotated[Path, typer.Option(help="The file to write.")]) -> None:
    """Pack document, page and report into one file, the same bytes each time."""
    try:
        to.write_bytes(authoring.bundle(folder))
    except (DocumentError, OSError) as error:
        _refuse(error)
    out.print(f"{to}: {to.stat().st_size} bytes")


@author.command("overdue")
def overdue(pack: PackName = "CN") -> None:
    """List the factors whose source should have been looked at again."""
    today = datetime.now(UTC).astimezone(ZONE).date()
    found = packs.overdue([registry.packs()[pack]], today)
    for each in found:
        when = f"{each.review_by.isoformat()}, {each.days} days ago"
        out.print(f"{each.pack} {each.name}: {each.document}; was due {when}", markup=False)
    out.print(f"{len(found)} overdue on {today.isoformat()}")


def replay(file: Annotated[Path, typer.Argument(help="What `puhui export` wrote.")]) -> None:
    """Compute exported reductions again: no database, no network, only the file."""
    try:
        told = replay_file(file)
    except (DocumentError, ExportError, OSError) as error:
        _refuse(error)
    for each in told.found:
        out.print(
            f"line {each.line} {each.id}: exported {each.exported} g, recomputed "
            f"{each.recomputed or '-'}: {each.why}",
            markup=False,
        )
    out.print(f"{told.agreed} of {told.reductions} reductions agree, {told.grams} g exported")
    raise typer.Exit(0 if told.clean else 1)
