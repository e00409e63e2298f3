"""Who may do what with each table: the one list, which the tests hold against PostgreSQL.

S select, I insert, U update, u update of some columns, D delete, - nothing. Nobody but the owner
may TRUNCATE, ALTER, DROP, or switch a trigger off; whoever may insert may COPY FROM, except where
row-level security hides other people's rows. A ``book`` refuses UPDATE, DELETE and TRUNCATE to
everybody, the owner of the schema included. ``own``: the caller sees its own rows only.
"""

from dataclasses import dataclass

_TABLE = """
table                   app   worker reader caller
alembic_version         S     S      S      -
audit_record            SI    SI     -      -      book
balance                 SIU   SIU    S      S      own
batch                   SI    S      S      -      book
breakage                SIU   SIU    S      -
budget                  SI    S      S      S      book
budget_draw             SI    SI     S      -      book
budget_month            SIU   SIU    S      -
budget_slot             SIU   SIU    S      -
cap_lane                SID   SD     -      -
cap_use                 SIU   SIU    S      -
cause                   SI    SI     S      S      book own
citizen                 SIU   -      -      -
claim                   SID   SD     -      -
claim_subject           SIU   SIU    -      -
consent                 SIu   S      -      S      own
correction              SIu   Su     S      S
counter_account         SI    S      S      S
debt                    SIU   SIU    S      S      own
dry_run_report          SI    SI     S      -      book
entry                   SI    SI     S      S      book own
evidence                SI    S      -      -      book
expiry_notice           SI    SI     S      -
factor_set              SI    S      S      S      book
held_activity           SI    S      S      S      own
ingest_file             SIU   S      S      -
input_shape             SI    S      S      S      book
lane_answer             SID   -      -      -
lane_delivery           SIUD  SD     -      -
ledger_cursor           SIU   SIU    S      -
ledger_epoch            S     S      S      -      book
ledger_sweep            SIU   SIU    S      -
link                    SIu   S      -      S      own
lot                     SIU   SIU    S      S      own
merchant                SIU   S      S      S
methodology_transition  SI    SI     S      -      book
methodology_version     SIu   Su     S      S
natural_key             S     S      -      -      book
natural_key_lane        SIUD  SIUD   -      -
offer                   SIU   S      S      S
offer_stock             SIU   SU     S      S
offer_use               SIU   SU     S      -
officer                 SI    -      -      -
outbox                  SIUD  SIUD   -      -
programme               SIU   S      S      S
proposal                SIu   S      -      -
provider                SIU   S      S      S
redemption              SIu   Su     -      S      own
reduction               SI    S      S      S      book own
reduction_correction    SI    SI     S      S      book own
request                 SIu   S      -      -
rollup                  SIU   SIU    S      -
scan                    SI    S      S      S      book own
seal                    SI    SI     S      -      book
seal_day                SI    SI     S      -      book
seal_round              SI    SI     S      -      book
shadow_result           SI    SI     S      -      book
tariff                  SIU   S      S      S
unit                    SIU   S      S      S
"""

ROLES = ("puhui_app", "puhui_worker", "puhui_reader", "puhui_caller")


@dataclass(frozen=True)
class Rights:
    """What each role may do with a table, and what kind of table it is."""

    of: dict[str, str]
    book: bool
    own: bool


def _read(line: str) -> tuple[str, Rights]:
    table, *words = line.split()
    letters = ["" if word == "-" else word for word in words[: len(ROLES)]]
    marks = words[len(ROLES) :]
    return table, Rights(dict(zip(ROLES, letters, strict=True)), "book" in marks, "own" in marks)


RIGHTS = dict(_read(line) for line in _TABLE.strip().splitlines()[1:])
BOOKS = [table for table, rights in RIGHTS.items() if rights.book]
OWN = [table for table, rights in RIGHTS.items() if rights.own]
