"""The second line: a read that forgets its WHERE clause finds the caller's rows and no others."""

import ast
import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import scalar_row

import app
from app.database import database_for
from app.ledger import statement
from app.settings import DatabaseSettings
from tests import make
from tests.house.examples import example
from tests.house.rights import OWN, SALES

ROUTES = sorted(Path(app.__file__).parent.glob("*/routes_[cm]*.py"))
SEES_OTHERS = {
    "read_proof": "a seal's siblings are other people's entries; they leave as hashes",
    "list_own_account_changes": "whether a proposal was rejected stands with the proposals",
    "read_household": "the nicknames of those who live together",
    "list_wards": "a guardianship is about two accounts",
    "read_own_standing": "a guardianship is about two accounts",
    "read_privacy": "who looked is written in the log of all, which belongs to nobody",
    "profile": "a contact belongs to an application, not to a merchant",
}
ANNA, BORIS = 1, 1025
CAFE, BAKERY = uuid4(), uuid4()


def crowd(connection: psycopg.Connection, table: str) -> None:
    """A row of Anna's and one of Boris's, sold by two merchants."""
    for account_id, merchant_id in ((ANNA, CAFE), (BORIS, BAKERY)):
        given = {"account_id": str(account_id), "merchant_id": f"'{merchant_id}'"}
        given |= {
            name: f"'{uuid4()}'"
            for name in (
                "id",
                "order_no",
                "coupon_digest",
                "offer_id",
                "bank_reference",
                "nickname",
            )
        }
        given["code_digest"] = f"sha256('{uuid4()}'::bytea)"
        example(connection, table, **given)


def seen(
    connection: psycopg.Connection, table: str, whose: str = "account_id", **caller: object
) -> list[object]:
    """Whose rows a statement without a WHERE clause finds, for this caller or for nobody."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE puhui_caller")
        for name, value in caller.items():
            connection.execute("SELECT set_config(%s, %s, true)", (f"puhui.{name}", str(value)))
        return connection.execute(f"SELECT {whose} FROM {table}").fetchall()


@pytest.mark.parametrize("table", OWN)
def test_a_forgotten_where_shows_the_callers_rows_alone(urls, table):
    """Anna sees hers, Boris his, a stranger none, and without a name there is nothing to see."""
    with psycopg.connect(urls.owner, row_factory=scalar_row) as connection:
        crowd(connection, table)
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == 2
        assert seen(connection, table, account_id=ANNA) == [ANNA]
        assert seen(connection, table, account_id=BORIS) == [BORIS]
        assert seen(connection, table, account_id=7) == []
        assert seen(connection, table, account_id="") == []
        assert seen(connection, table) == []
        sold = [ANNA] if table in SALES else []
        assert seen(connection, table, merchant_id=CAFE) == sold
        connection.rollback()


@pytest.mark.parametrize("table", SALES)
def test_a_forgotten_where_shows_the_merchants_rows_alone(urls, table):
    """The cafe sees its rows, the bakery its own, and nobody sees a third merchant's or all."""
    with psycopg.connect(urls.owner, row_factory=scalar_row) as connection:
        crowd(connection, table)
        assert seen(connection, table, "merchant_id", merchant_id=CAFE) == [CAFE]
        assert seen(connection, table, "merchant_id", merchant_id=BAKERY) == [BAKERY]
        assert seen(connection, table, "merchant_id", merchant_id=uuid4()) == []
        assert seen(connection, table, "merchant_id") == []
        connection.rollback()


async def test_the_name_travels_with_each_statement_and_does_not_stay(fresh_urls):
    """One connection serves two citizens in turn; afterwards it shows nobody's rows."""
    database = database_for(DatabaseSettings(read_pool_size=1), fresh_urls.app)
    await database.open()
    async with database.writing() as tx:
        rich, poor = await make.rich(tx, 100), await make.rich(tx, 3)
    for account_id, points in ((rich, 100), (poor, 3), (rich, 100)):
        async with database.reading_as(account_id=account_id) as tx:
            for _ in range(4):  # later ones are prepared statements
                rows = await (await tx.execute("SELECT earned FROM balance")).fetchall()
                assert rows == [(points,)]
            async with tx.transaction():
                assert (await (await tx.execute("SELECT earned FROM balance")).fetchall()) == rows
    async with database.reading_as(account_id=rich) as tx:
        tx.caller = None
        assert await (await tx.execute("SELECT count(*) FROM balance")).fetchone() == (0,)
    await database.close()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("SELECT earned, '5%' FROM balance", None),
        ("SELECT earned, %s || '%%' FROM balance", ("5",)),
        ("SELECT earned, %(a)s || '%%' FROM balance -- the end", {"a": "5"}),
        ("WITH b AS (SELECT * FROM balance) SELECT earned, %s || '%%' FROM b", ("5",)),
        (b"SELECT earned, %s || '%%' FROM balance", ("5",)),
    ],
)
async def test_every_way_to_ask_names_the_caller(committing, asked, given):
    """Values by position, by name or none at all: the caller's row, and the values as given."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        await make.rich(tx, 3)
    async with committing.reading_as(account_id=anna) as tx:
        assert await (await tx.execute(asked, given)).fetchall() == [(100, "5%")]


async def test_a_named_answer_keeps_its_order_and_its_columns(committing):
    """The caller's name leaves no column, and what the statement ordered stays ordered."""
    async with committing.reading_as(account_id=1) as tx:
        found = await tx.execute("SELECT n, n FROM generate_series(1, 999) AS n ORDER BY n DESC")
        assert [column.name for column in found.description] == ["n", "n"]
        assert await found.fetchall() == [(n, n) for n in range(999, 0, -1)]


async def test_two_hundred_citizens_at_once_see_themselves(committing):
    """Reads that share a few connections never show one citizen to another."""
    async with committing.writing() as tx:
        people = {await make.rich(tx, 1 + n): 1 + n for n in range(40)}

    async def look(account_id):
        async with committing.reading_as(account_id=account_id) as tx:
            await asyncio.sleep(0)
            return await (await tx.execute("SELECT account_id, earned FROM balance")).fetchall()

    asked = [account_id for account_id in people for _ in range(5)]
    found = await asyncio.gather(*(look(account_id) for account_id in asked))

    assert found == [[(account_id, people[account_id])] for account_id in asked]


async def test_a_caller_writes_nothing(committing):
    """The connection of a citizen's reads refuses each way of changing something."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
    for refused in (
        "UPDATE balance SET earned = 0",
        "DELETE FROM lot",
        "SELECT ensure_partitions(9)",
    ):
        async with committing.reading_as(account_id=anna) as tx:
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
            ):
                await tx.execute(refused)
            assert (await (await tx.execute("SELECT earned FROM balance")).fetchone()) == (100,)


async def test_a_merchant_sees_its_own_sales_and_no_wallet(committing):
    """A till's connection shows the shop's rows; points of citizens are not there at all."""
    async with committing.writing() as tx:
        await make.rich(tx)
    async with committing.reading_as(merchant_id=UUID(int=7)) as tx:
        for table in OWN:
            assert await (await tx.execute(f"SELECT count(*) FROM {table}")).fetchone() == (0,)


async def test_a_bug_in_a_statement_shows_no_stranger(live_client, committing, keys, monkeypatch):
    """A statement page whose WHERE is lost still answers with the caller's entries."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 11)
        await make.rich(tx, 22)
    headers = make.citizen_headers(keys, anna)
    before = (await live_client.get("/v1/me/statement", headers=headers)).json()
    head, _, tail = statement._PAGE.partition(" WHERE ")
    assert "account_id" in tail
    monkeypatch.setattr(statement, "_PAGE", f"{head} ORDER BY seq DESC LIMIT %(limit)s")

    after = (await live_client.get("/v1/me/statement", headers=headers)).json()

    assert [line["points"] for line in before["items"]] == [11]
    assert after == before


@pytest.mark.parametrize("path", ROUTES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_citizens_and_merchants_read_on_their_own_connections(path):
    """Each reading route of theirs takes CitizenTx or MerchantTx, unless it says why it cannot."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.AsyncFunctionDef):
            arguments = [*function.args.args, *function.args.kwonlyargs]
            kinds = {ast.unparse(each.annotation) for each in arguments if each.annotation}
            assert "ReadTx" not in kinds or function.name in SEES_OTHERS, function.name
