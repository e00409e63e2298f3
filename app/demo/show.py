"""The demo: found the city, credit its files, prove the books, and say what to try next."""

import csv
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from app.catalogue.versions import Catalogue
from app.database import Database
from app.demo import bar, city, first_day, proof, till
from app.demo.city import DemoFile
from app.demo.seed import rows_of, seed
from app.intake import files_map, providers
from app.intake.batches import Tally
from app.intake.files_fields import RowReader
from app.intake.files_map import FileMap, Source
from app.intake.files_open import open_table
from app.intake.files_rejects import Rejects
from app.intake.files_times import Refused, time_reader
from app.keys import Keys
from app.ledger import balances
from app.people.offices import Office
from app.people.register import citizen, officer
from app.people.tokens import DEVELOPMENT_LIFE, Audience, Tokens
from app.reductions import listing
from app.reductions.ingest_file import Finished, Order, ingest_file
from app.rewards import offers
from methodologies.manifest import Manifest

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the demo plays on.

    Attributes:
        database: opens the transactions.
        keys: what cards are digested and tokens signed with.
        folder: where the rejects files go; it exists.
        console: where the bars and the tables go.
        clock: the time.

    """

    database: Database
    keys: Keys
    folder: Path
    console: Console
    clock: Callable[[], datetime]


async def show(stage: Stage) -> Tally:
    """Everything but serving; returns what became of all rows together."""
    console = stage.console
    began_ns = time.monotonic_ns()
    async with stage.database.writing() as tx:
        morning = first_day.morning_before(stage.clock())
        founded_at = await seed(tx, keys=stage.keys, now=morning)
    console.print(
        f"[bold]{city.CITY_ZH} {city.CITY_EN}[/]: {city.CITIZENS} 位居民 citizens, "
        f"{len(city.MERCHANTS)} 家商户 merchants, {len(city.OFFERS)} 个商品 offers, "
        f"{len(city.PROVIDERS)} 个数据方 providers"
    )
    rows: list[tuple[str, Tally]] = []
    for file in city.FILES:
        done = await _ingest(stage, file, founded_at)
        rows.append((file.what, done.progress.tally))
        if done.already:
            console.print(f"{file.what}: 此前已入账 already ingested, nothing changed")
    async with stage.database.writing() as tx:
        sales = await first_day.sell(
            tx, coupon_key=stage.keys.coupon, founded_at=founded_at, now=stage.clock()
        )
    console.print(bar.totals(rows))
    if sales:
        console.print(f"昨日核销 coupons taken yesterday: {sales}")
    total = sum((tally for _, tally in rows), Tally())
    console.print(f"每一行都有去处 every row is accounted for: {bar.accounted(total)}")
    _tell_reasons(stage)
    console.print(f"用时 took {(time.monotonic_ns() - began_ns) // 10**6:,} ms")
    return total


def _tell_reasons(stage: Stage) -> None:
    """Why rows were not credited, over all files; the rows themselves are in a folder."""
    reasons: Counter[str] = Counter()
    for path in stage.folder.glob("*.rejects.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            delimiter = ";" if ";" in file.readline() else ","
            file.seek(0)
            reasons.update(row["puhui_reason"] for row in csv.DictReader(file, delimiter=delimiter))
    told = " · ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    stage.console.print(f"未入账的原因 why not: {told}")
    stage.console.print(f"未入账的行 the rows: {stage.folder}", soft_wrap=True)


async def _ingest(stage: Stage, file: DemoFile, founded_at: datetime) -> Finished:
    async with stage.database.reading() as tx:
        provider = await providers.by_code(tx, code=file.provider)
        versions = await Catalogue().versions(tx)
    manifest = versions.by_methodology[file.methodology][0].methodology.manifest
    days = shift_days(file, founded_at)
    file_map = _map(file, manifest, days)
    table = open_table(city.DATA / file.name)
    files_map.ensure_columns(file_map, table.columns)
    stem = file.name.removesuffix(".csv.gz")
    order = Order(
        table=table,
        file_map=file_map,
        reader=RowReader(file_map, manifest),
        provider_id=provider.id,
        methodology=file.methodology,
        subject_key=stage.keys.subject,
        rejects=Rejects(table, stage.folder / f"{stem}.rejects.csv"),
    )
    moved = f"日期平移 dates moved by {days:+,} days" if days else "日期不变 dates as they are"
    stage.console.print(f"[dim]{file.origin}; {moved}[/]")
    with bar.bar(stage.console, file.what) as report:
        return await ingest_file(stage.database, order, clock=lambda: founded_at, report=report)


def shift_days(file: DemoFile, founded_at: datetime) -> int:
    """By how many whole days a file is moved, so that its last act is on the day before.

    It depends on the day the city was founded, not on today: a second run says the same.
    """
    if not file.ends:
        return 0
    read = time_reader(zone=ZoneInfo(file.zone), time_format=file.time_format, shift_days=0)
    latest = datetime.min.replace(tzinfo=UTC)
    for row in rows_of(file):
        for column in file.ends:
            try:
                latest = max(latest, datetime.fromisoformat(read(row[column])))
            except (Refused, ValueError):
                continue  # no end, or an hour that was there twice
    zone = ZoneInfo(city.ZONE)
    today = founded_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - timedelta(microseconds=1) - latest) // _DAY


def _map(file: DemoFile, manifest: Manifest, days: int) -> FileMap:
    pairs = files_map.from_pairs(
        [f"{name}={column}" for name, column in file.pairs.items()],
        [f"{name}={value}" for name, value in file.constants.items()],
    )
    data = dict(pairs.data)
    if file.unit_m:
        data["distance_km"] = Source(columns=data["distance_km"].columns, unit="m")
    return files_map.completed(
        FileMap(pairs.ref, pairs.subject, data),
        manifest,
        zone=file.zone,
        time_format=file.time_format,
        comma=file.comma,
        shift_days=days,
    )


async def tell_what_to_try(stage: Stage, *, port: int) -> None:
    """Lines that work as they are pasted, a till to stand at, and where to read on."""
    console, now = stage.console, stage.clock()
    base = f"http://127.0.0.1:{port}"
    async with stage.database.reading() as tx:
        lin = await citizen(tx, name=city.LEADER)
        mine = await listing.page(tx, account_id=lin.account_id, before=None, limit=1)
        wallet = await balances.balance(tx, account_id=lin.account_id)
        found = await offers.open_ones(tx, before=None, limit=100, now=now)
    token = Tokens(stage.keys.token).sign(
        Audience.citizen,
        subject=str(lin.id),
        account_id=lin.account_id,
        now=now,
        life=DEVELOPMENT_LIFE,
    )
    console.print(
        f"\n[bold]手机端 the phone[/]: {base}/#/in/{token}", soft_wrap=True, highlight=False
    )
    sign_in = f"-H 'Authorization: Bearer {token}'"
    offer = next(each for each in found if each.title_en == city.OFFERS[0][2])
    console.print(
        f"\n[bold]小林 lin[/]: {wallet.available:,} 积分 points. 复制即可运行 paste these:\n"
    )
    lines = [f"curl -s {base}/v1/me/wallet {sign_in}"]
    lines += [f"curl -s {base}/v1/me/reductions/{one.id}/explanation {sign_in}" for one in mine]
    lines.append(
        f"curl -s -X POST {base}/v1/me/redemptions {sign_in} -H 'Content-Type: application/json' "
        f"-H 'Idempotency-Key: demo-{int(now.timestamp())}' -d '{{\"offer_id\": \"{offer.id}\"}}'"
    )
    for title, line in zip(
        ("钱包 wallet", "一次出行的计算过程 one ride, explained", "兑换咖啡 redeem a coffee"),
        lines,
        strict=False,
    ):
        console.print(f"# {title}")
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    async with stage.database.writing() as tx:
        key = await till.fresh_key(tx, now=now)
    if key is not None:
        console.print(f"\n[bold]收银台 the till[/]: {base}/till")
        console.print(f"密钥 its key: {key}", soft_wrap=True, markup=False, highlight=False)
        again = lines[-1].replace(f"demo-{int(now.timestamp())}'", "till-'$RANDOM$RANDOM")
        console.print("# 券码 a coupon to type there; each time another one")
        console.print(
            f'{again} | grep -oE \'"(coupon|detail)":"[^"]*"\'',
            soft_wrap=True,
            markup=False,
            highlight=False,
        )
    await _tell_officers(stage, base=base)
    console.print(f"\n接口文档 API documentation: {base}/docs")


async def _tell_officers(stage: Stage, *, base: str) -> None:
    """How somebody of finance looks at the days that are settled."""
    now = stage.clock()
    async with stage.database.reading() as tx:
        finance = await officer(tx, name="qian-finance")
    token = Tokens(stage.keys.token).sign(
        Audience.officer,
        subject=str(finance),
        offices=frozenset({Office.finance}),
        now=now,
        life=DEVELOPMENT_LIFE,
    )
    day = first_day.morning_before(now).date()
    stage.console.print(
        "\n[bold]结算 settlement[/]: 昨日账单与核对 yesterday's, as finance sees it"
    )
    for path in ("settlements", f"reconciliation/{day}"):
        line = f"curl -s {base}/v1/admin/{path} -H 'Authorization: Bearer {token}'"
        stage.console.print(line, soft_wrap=True, markup=False, highlight=False)


async def prove(stage: Stage, *, table: bool = False) -> bool:
    """Prove the books and say so; whether nothing breaks a law."""
    began_ns = time.monotonic_ns()
    checks = await proof.prove(stage.database)
    elapsed_ms = max((time.monotonic_ns() - began_ns) // 10**6, 1)
    rows, breaches = sum(each.rows for each in checks), sum(each.breaches for each in checks)
    if table or breaches:
        stage.console.print(bar.checks(checks))
    colour = "red" if breaches else "green"
    stage.console.print(
        f"[{colour}]核验 puhui verify: {len(checks)} checks, {rows:,} rows, {breaches:,} breaches"
        f"[/] ({elapsed_ms:,} ms, {rows * 1000 // elapsed_ms:,} rows/s)"
    )
    return breaches == 0
