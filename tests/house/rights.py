"""Who may do what with each table: the one list, which the tests hold against PostgreSQL.

S select, I insert, U update, u update of some columns, D delete, - nothing. Nobody but the owner
may TRUNCATE, ALTER, DROP, or switch a trigger off; whoever may insert may COPY FROM, except where
row-level security hides other people's rows. A ``book`` refuses UPDATE, DELETE and TRUNCATE to
everybody, the owner of the schema included. ``own``: a calling citizen sees its own rows only;
``sale``: so does a calling merchant.
"""

from dataclasses import dataclass

_TABLE = """
table                   app   worker reader caller
alembic_version         S     S      S      -
appeal                  SIu   Su     -      S      own
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
citizen                 SIU   Su     -      S      own
claim                   SID   SD     -      -
claim_subject           SIU   SIU    -      -
code_import             SIU   SIU    -      -
code_line               SIUD  SIUD   -      -
consent                 SIu   Su     -      S      own
correction              SIu   Su     S      S
counter_account         SI    S      S      S
coupon_refund           SI    S      S      S      book own sale
coupon_undo             SI    S      S      S      book own sale
credential              SIU   -      -      -
data_key                SIu   SIu    -      -
debt                    SIU   SIU    S      S      own
dry_run_report          SI    SI     S      -      book
enrolment               SIU   -      -      -
entry                   SI    SI     S      S      book own
evidence                SI    S      -      -      book
exchange_rate           SI    S      S      S      book
expiry_notice           SI    SI     S      -
export_file             SID   SID    -      S      own
factor_set              SI    S      S      S      book
funding_budget          SI    S      S      -
funding_slot            SIU   SIU    S      -
guardianship            SIU   Su     -      -
held_activity           SID   S      S      S      own
held_review             SI    S      S      S      book own
household               SIu   Su     -      -
household_member        SIu   Su     -      -
ingest_file             SIU   S      S      -
input_shape             SI    S      S      S      book
lane_answer             SID   -      -      -
lane_delivery           SIUD  SD     -      -
ledger_cursor           SIU   SIU    S      -
ledger_epoch            S     S      S      -      book
ledger_sweep            SIU   SIU    S      -
link                    SIu   Su     -      S      own
link_claim              SIu   Su     -      S      own
lot                     SIU   SIU    S      S      own
merchant                SIU   S      S      S
merchant_application    SIu   -      -      -
merchant_contact        SIu   Su     -      -
merchant_staff          SIu   -      -      S sale
merchant_transition     SI    S      S      S      book
message                 SIuD  SID    -      S      own
methodology_transition  SI    SI     S      -      book
methodology_version     SIu   Su     S      S
natural_key             S     S      -      -      book
natural_key_lane        SIUD  SIUD   -      -
offer                   SIU   SU     S      S
offer_code              SIU   SIU    -      S
offer_funding           SI    S      S      S
offer_seed              SIU   SIU    S      -
offer_stock             SIU   SU     S      S
offer_use               SIU   SU     S      -
offer_withdrawal        SIU   SIU    S      S
officer                 SI    -      -      -
offline_batch           SI    S      -      S      book sale
offline_item            SI    S      S      S      book sale
one_time_code           SIUD  SD     -      -
outbox                  SIUD  SIUD   -      -
payout                  SIu   S      -      S sale
payout_account          SIu   Su     -      -
payout_batch            SIu   S      -      -
payout_part             SIu   S      -      S
picture                 SI    S      -      -      book
programme               SIU   S      S      S
proposal                SIu   S      -      -
provider                SIU   S      S      S
redemption              SIu   SIu    -      S      own sale
reduction               SI    S      S      S      book own
reduction_correction    SI    SI     S      S      book own
request                 SIu   S      -      -
rights_request          SIu   Su     -      S      own
rollup                  SIU   SIU    S      -
rotating_rule           SIU   S      -      S
rotating_use            SI    S      -      S      book
scan                    SI    S      S      S      book own sale
seal                    SI    SI     S      -      book
seal_day                SI    SI     S      -      book
seal_round              SI    SI     S      -      book
settlement              SI    SI     S      S      book sale
settlement_cut_off      SI    S      S      -      book
settlement_day          SIu   SIu    S      S
settlement_file         SI    SI     S      S      book
settlement_line         SI    SI     S      S      book sale
shadow_result           SI    SI     S      -      book
sign_in_budget          SIUD  SD     -      -
sign_in_count           SIUD  SD     -      -
sign_in_name            SIuD  SD     -      -
sign_in_session         SIu   SuD    -      S      own
signing_key             SIu   -      -      -
store                   SIu   S      S      S
tariff                  SIU   S      S      S
ticket                  SIU   SIU    -      S      own
till                    SIu   S      -      S sale
till_key                SIu   -      -      S
unit                    SIU   S      S      S
"""

ROLES = ("puhui_app", "puhui_worker", "puhui_reader", "puhui_caller")


@dataclass(frozen=True)
class Rights:
    """What each role may do with a table, and what kind of table it is."""

    of: dict[str, str]
    book: bool
    own: bool
    sale: bool

    @property
    def hidden(self) -> bool:
        """Whether row-level security stands before it."""
        return self.own or self.sale


def _read(line: str) -> tuple[str, Rights]:
    table, *words = line.split()
    letters = ["" if word == "-" else word for word in words[: len(ROLES)]]
    marks = words[len(ROLES) :]
    return table, Rights(
        dict(zip(ROLES, letters, strict=True)), "book" in marks, "own" in marks, "sale" in marks
    )


RIGHTS = dict(_read(line) for line in _TABLE.strip().splitlines()[1:])
BOOKS = [table for table, rights in RIGHTS.items() if rights.book]
OWN = [table for table, rights in RIGHTS.items() if rights.own]
SALES = [table for table, rights in RIGHTS.items() if rights.sale]
HIDDEN = [table for table, rights in RIGHTS.items() if rights.hidden]
