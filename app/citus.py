"""``puhui schema --citus``: where each table lies when the schema is spread over several nodes.

Everything that a credit writes for a citizen lies in the citizen's bucket, and the buckets of all
these tables lie together: a transaction of one citizen needs one node. What has to be unique, or
in line, over all citizens stays on the coordinator, beside what is read once and remembered.
The order of the statements matters: triggers go first, keys are widened next, then tables are
spread. No function is: none of them is on the path of a credit.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

SHARDS = 32
"""Parts of the 1,024 buckets: few enough to join, many enough to move between machines."""


class How(StrEnum):
    """How a table is spread."""

    bucket = "by the citizen's bucket, beside the balances"
    own = "by a key of its own"
    reference = "a copy on every node"
    local = "on the coordinator"


@dataclass(frozen=True, slots=True)
class Spread:
    """One table: how it is spread, by which column, and why."""

    how: How
    why: str
    column: str = ""


_BUCKET = {
    "appeal": "what a citizen asked an officer to look at, beside the citizen's acts",
    "balance": "the lock, the guard and the one read of a wallet; all others lie beside it",
    "cap_lane": "what an act took of a shared cap, in the bucket of the vehicle or key",
    "cap_use": "a shared cap's counter, in the bucket of the vehicle or key",
    "cause": "what a posting was for, written with the entry",
    "claim": "one subject's intervals, asked for together",
    "claim_subject": "the row that acts of one vehicle wait for",
    "debt": "what a citizen owes, beside the balance",
    "entry": "the book; by month, under its parent",
    "evidence": "a block of one lane's records; by month, under its parent",
    "expiry_notice": "one for each lot that expires, beside the balance",
    "held_activity": "a citizen's acts that wait for a person",
    "held_review": "what an officer decided of such an act, beside it",
    "lane_answer": "what a lane of a file answered, written with its effect",
    "lot": "marks on the axis of a citizen's points",
    "message": "a citizen's inbox",
    "natural_key_lane": "who may write an act; in the bucket of the act's own id",
    "offer_use": "a citizen's limits, in the bucket of the citizen, household or device",
    "redemption": "a citizen's coupons, written with the balance",
    "reduction": "a citizen's acts, written with the entry",
    "reduction_correction": "what became of an act, beside it",
    "request": "a citizen's idempotency keys, written with the effect",
    "rotating_use": "a coupon's rotating codes, beside the coupon",
    "shadow_result": "what a trial version says of an act, written with it",
}
_OWN = {"natural_key": ("digest", "records of before acts were named by digests; only read")}
_REFERENCE = {
    "counter_account": "names of counter-accounts, joined with entries",
    "input_shape": "names of inputs, joined with reductions; a few dozen rows",
    "unit": "units of points, joined with balances; a few rows",
}
_RARE = "an officer's or an operator's, seldom written"
_READ_ONCE = "read once a process and remembered"
_MERCHANTS = "merchants' own, unique over all citizens"
_STOCK = "stock and money must be one row for everybody"
_IN_LINE = "a queue over all citizens, taken with SKIP LOCKED"
_FOLDED = "folded from the book by one transaction for all buckets"
_PEOPLE = "unique over all citizens; read together, by one statement a batch"
_LOCAL = {
    _RARE: "alembic_version audit_record correction dry_run_report officer picture proposal",
    _READ_ONCE: "budget factor_set methodology_transition methodology_version programme provider"
    " tariff",
    _MERCHANTS: "code_import code_line coupon_refund coupon_undo merchant merchant_application"
    " merchant_contact merchant_staff merchant_transition offer offer_code offer_funding"
    " offer_seed offer_withdrawal offline_batch offline_item payout payout_account payout_batch"
    " payout_part rotating_rule scan settlement settlement_cut_off settlement_day settlement_file"
    " settlement_line store till till_key exchange_rate",
    _STOCK: "budget_draw budget_month budget_slot funding_budget funding_slot offer_stock",
    _IN_LINE: "outbox ticket queue.procrastinate_events queue.procrastinate_jobs"
    " queue.procrastinate_periodic_defers queue.procrastinate_workers",
    _FOLDED: "breakage ledger_cursor ledger_epoch ledger_sweep rollup seal seal_day seal_round",
    _PEOPLE: "citizen consent credential data_key enrolment export_file guardianship household"
    " household_member link link_claim one_time_code rights_request sign_in_budget sign_in_count"
    " sign_in_name sign_in_session signing_key",
    "one row a delivery, whichever buckets it is about": "batch ingest_file lane_delivery",
}


def declared() -> dict[str, Spread]:
    """Every table of the schema, by its name; those outside ``public`` with their schema's."""
    spreads = {name: Spread(How.bucket, why, "bucket") for name, why in _BUCKET.items()}
    others = [(name, Spread(How.own, why, column)) for name, (column, why) in _OWN.items()]
    others += [(name, Spread(How.reference, why)) for name, why in _REFERENCE.items()]
    others += [
        (name, Spread(How.local, why)) for why, names in _LOCAL.items() for name in names.split()
    ]
    for name, spread in others:
        assert name not in spreads, f"{name} is declared twice"
        spreads[name] = spread
    return spreads


_WIDENED = {
    "evidence": "bucket, no, received_at",
    "held_activity": "bucket, id",
    "reduction": "bucket, id",
}
"""Primary keys that get the bucket; over all buckets `natural_key_lane` keeps acts unique."""


def statements(*, shards: int = SHARDS, tables: Collection[str] | None = None) -> Iterator[str]:
    """The statements that spread a migrated schema, in their order, each with its semicolon.

    Args:
        shards: into how many parts the buckets are cut.
        tables: which exist; all of them by default.

    """
    spreads = {
        name: spread for name, spread in declared().items() if tables is None or name in tables
    }
    spread_out = [name for name, spread in spreads.items() if spread.how is not How.local]
    names = ", ".join(f"'{name}'" for name in spread_out)
    yield "SET LOCAL lock_timeout = '10s';"
    yield "SET LOCAL citus.multi_shard_modify_mode = 'sequential';"
    yield _ROLES
    yield _NO_TRIGGERS.format(tables=names)
    yield _NO_POLICIES.format(tables=names)
    for name, key in _WIDENED.items():
        if name in spreads:
            yield (
                f"ALTER TABLE {name} DROP CONSTRAINT {name}_pkey,"
                f" ADD CONSTRAINT {name}_pkey PRIMARY KEY ({key});"
            )
    yield _PARTITIONS
    yield f"SELECT create_distributed_table('balance', 'bucket', shard_count := {shards});"
    for name, spread in spreads.items():
        if spread.how is How.bucket and name != "balance":
            yield (
                f"SELECT create_distributed_table('{name}', 'bucket', colocate_with := 'balance');"
            )
    for name, spread in spreads.items():
        if spread.how is How.own:
            yield (
                f"SELECT create_distributed_table('{name}', '{spread.column}',"
                f" colocate_with := 'none', shard_count := {shards});"
            )
        if spread.how is How.reference:
            yield f"SELECT create_reference_table('{name}');"


def script(*, shards: int = SHARDS) -> str:
    """What ``puhui schema --citus`` prints: the reasons, then the statements."""
    reasons = "\n".join(
        f"--   {name}: {spread.how.value}{f' ({spread.column})' if spread.how is How.own else ''};"
        f" {spread.why}"
        for name, spread in sorted(declared().items())
    )
    return "\n".join([_HEAD, reasons, "", *statements(shards=shards), ""])


def schema(
    *,
    citus: Annotated[bool, typer.Option("--citus", help="What spreads it over several nodes.")],
    shards: Annotated[int, typer.Option(min=1, max=1024, help="Parts of the buckets.")] = SHARDS,
) -> None:
    """Print SQL for a migrated schema; to be run by psql, as its owner, on the coordinator."""
    if not citus:
        raise typer.BadParameter("say what for: --citus")
    typer.echo(script(shards=shards), nl=False)


_HEAD = """\
-- Spreads a migrated Puhui schema over Citus 13 or 14. Before it, on the coordinator, as a
-- superuser: CREATE EXTENSION citus; SELECT citus_set_coordinator_host(...); and for each worker
-- SELECT citus_add_node(...). Then `puhui migrate`, then this, once, with nobody connected:
--   puhui schema --citus | psql -1 -v ON_ERROR_STOP=1 "$OWNER_URL"
-- Then serve with PUHUI_LANES=citus. Nodes speak to each other as the role that asks: let
-- pg_hba.conf (or pg_dist_authinfo) of every node admit puhui_app, puhui_worker, puhui_reader and
-- puhui_caller from the other nodes.
--
-- What is given up: triggers of spread tables (rights alone keep them append-only), and the rows
-- that PostgreSQL itself hides from `puhui_caller` (its name for the caller does not travel to
-- the nodes; every statement has its own WHERE).
--
-- Where each table lies, and why:"""
_ROLES = """
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['puhui_app', 'puhui_worker', 'puhui_reader', 'puhui_caller'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = r AND NOT rolcanlogin) THEN
      EXECUTE format('ALTER ROLE %I LOGIN', r);
    END IF;
  END LOOP;
END $$;"""
_NO_TRIGGERS = """
DO $$
DECLARE t record;
BEGIN
  FOR t IN SELECT g.tgname, g.tgrelid::regclass AS name FROM pg_trigger g
            WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgrelid IN (
              SELECT x::regclass FROM unnest(ARRAY[{tables}]) AS x
              UNION SELECT i.inhrelid FROM pg_inherits i, unnest(ARRAY[{tables}]) AS x
                     WHERE i.inhparent = x::regclass) LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.name);
  END LOOP;
END $$;"""
_NO_POLICIES = """
DO $$
DECLARE p record;
BEGIN
  FOR p IN SELECT l.polname, l.polrelid::regclass AS name FROM pg_policy l
            WHERE l.polrelid IN (SELECT x::regclass FROM unnest(ARRAY[{tables}]) AS x) LOOP
    EXECUTE format('DROP POLICY %I ON %s', p.polname, p.name);
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', p.name);
  END LOOP;
END $$;"""
# The same function without the trigger that a new month of a spread table may not have.
_PARTITIONS = """
CREATE OR REPLACE FUNCTION ensure_partitions(months_ahead int) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  parent text;
  first_day date;
  name text;
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
  FOREACH parent IN ARRAY ARRAY['entry', 'evidence'] LOOP
    FOR ahead IN 0..least(greatest(months_ahead, 0), 24) LOOP
      first_day := (date_trunc('month', now() AT TIME ZONE 'UTC')
                    + make_interval(months => ahead))::date;
      name := parent || to_char(first_day, '_YYYY_MM');
      CONTINUE WHEN to_regclass(name) IS NOT NULL;
      EXECUTE format(
        'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent,
        first_day::timestamp AT TIME ZONE 'UTC',
        (first_day + interval '1 month') AT TIME ZONE 'UTC');
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;"""
