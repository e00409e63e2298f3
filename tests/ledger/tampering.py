"""Two hundred kinds of harm: what somebody with the machine's keys may do behind the seals."""

COLUMNS = {
    "account_id": "account_id + 1024",
    "earned_after": "earned_after + 1",
    "consumed_after": "consumed_after + 1",
    "effective_at": "effective_at + interval '1 microsecond'",
    "posted_at": "posted_at - interval '1 microsecond'",
    "xid": "xid + 1",
    "ref": "gen_random_uuid()",
    "seq": "seq + 100000",
    "amount": "amount + CASE WHEN amount = -1 THEN 2 ELSE 1 END",
    "contra": "contra + 1",
    "bucket": "mod(bucket + 1, 1024)",
    "unit": "unit + 1",
    "kind": "mod(kind, 6) + 1",
}
SEALS = {
    "nth": "nth + 1000",
    "after_xid": "after_xid - 1",
    "upto_xid": "upto_xid + 1",
    "entries": "entries + 1",
    "bucket": "mod(bucket + 512, 1024)",
    "root": "sha256(root)",
    "chain": "sha256(chain)",
    "sealed_at": "sealed_at + interval '1 microsecond'",
}
ROUNDS = {name: SEALS[name] for name in SEALS if name != "bucket"} | {"seals": "seals + 1"}
DAYS = {
    "day": "day - 1",
    "round": "round - 1",
    "buckets": "buckets + 1",
    "entries": "entries + 1",
    "root": "sha256(root)",
    "chain": "sha256(chain)",
    "sealed_at": "sealed_at + interval '1 microsecond'",
}


class Machine:
    """A superuser's connection with every trigger off: tampers, and is looked at from inside."""

    def __init__(self, connection, chance):
        self.connection = connection
        self.chance = chance

    def do(self, statement, **arguments):
        """Run one statement; how many rows it changed."""
        return self.connection.execute(statement, arguments or None).rowcount

    def one(self, statement, **arguments):
        """One row."""
        return self.connection.execute(statement, arguments or None).fetchone()

    def entry(self, where="true"):
        """Some entry's place, by chance."""
        [rows] = [self.connection.execute(
            f"SELECT ctid, tableoid FROM entry WHERE {where} ORDER BY xid, account_id, seq").fetchall()]  # fmt: skip
        return self.chance.choice(rows)

    # The kinds of tampering; each changes something for certain.

    def change_an_entry(self):
        column = self.chance.choice(sorted(COLUMNS))
        ctid, part = self.entry()
        return self.do(
            f"UPDATE entry SET {column} = {COLUMNS[column]} WHERE ctid = %(at)s AND tableoid = %(in)s",
            **{"at": ctid, "in": part},
        )

    def delete_an_entry(self):
        ctid, part = self.entry()
        return self.do(
            "DELETE FROM entry WHERE ctid = %(at)s AND tableoid = %(in)s",
            **{"at": ctid, "in": part},
        )

    def swap_two(self):
        """Two accounts' refs and times change places: every sum stays what it was."""
        (a, in_a), (b, in_b) = self.entry("kind = 1"), self.entry("kind = 1")
        if (a, in_a) == (b, in_b):
            return self.swap_two()
        return self.do(
            "UPDATE entry e SET ref = o.ref, effective_at = o.effective_at FROM entry o"
            " WHERE (e.ctid = %(a)s AND e.tableoid = %(pa)s AND o.ctid = %(b)s AND o.tableoid = %(pb)s)"
            " OR (e.ctid = %(b)s AND e.tableoid = %(pb)s AND o.ctid = %(a)s AND o.tableoid = %(pa)s)",
            a=a, pa=in_a, b=b, pb=in_b,
        )  # fmt: skip

    def insert_a_plausible_one(self):
        """The newest entry of an account is doubled into the past, and the balance follows."""
        account, seq = self.one(
            "SELECT account_id, max(seq) FROM entry WHERE kind = 1 GROUP BY 1"
            " ORDER BY md5(account_id::text || %(salt)s) LIMIT 1", salt=str(self.chance.random())
        )  # fmt: skip
        self.do(
            "INSERT INTO entry SELECT account_id, earned_after + 9, consumed_after, effective_at,"
            " posted_at + interval '1 second', xid, gen_random_uuid(), (SELECT last_seq + 1 FROM balance"
            " WHERE account_id = %(a)s), 9, contra, bucket, unit, kind FROM entry"
            " WHERE account_id = %(a)s AND seq = %(s)s", a=account, s=seq
        )  # fmt: skip
        return self.do(
            "UPDATE balance SET earned = earned + 9, last_seq = last_seq + 1 WHERE account_id = %(a)s",
            a=account,
        )

    def move_between_accounts(self):
        """Two single earnings trade their amounts, axis and balances: the books agree."""
        rows = self.connection.execute(
            "SELECT e.account_id, e.amount FROM entry e JOIN balance b USING (account_id)"
            " WHERE b.last_seq = 1 ORDER BY 1"
        ).fetchall()
        for account, amount in rows[:1]:
            other, theirs = next(each for each in rows if each[1] != amount)
            for who, points in ((account, theirs), (other, amount)):
                self.do(
                    "UPDATE entry SET amount = %(p)s, earned_after = %(p)s WHERE account_id = %(a)s",
                    p=points, a=who,
                )  # fmt: skip
                self.do(
                    "UPDATE balance SET earned = %(p)s WHERE account_id = %(a)s", p=points, a=who
                )
        return len(rows)

    def edit(self, table, columns):
        column = self.chance.choice(sorted(columns))
        rows = self.connection.execute(f"SELECT ctid FROM {table} ORDER BY ctid").fetchall()
        return self.do(
            f"UPDATE {table} SET {column} = {columns[column]} WHERE ctid = %(at)s",
            at=self.chance.choice(rows)[0],
        )

    def edit_a_seal(self):
        return self.edit("seal", SEALS)

    def edit_a_round(self):
        return self.edit("seal_round", ROUNDS)

    def edit_a_day(self):
        return self.edit("seal_day", DAYS)

    def delete_the_newest_seal(self):
        bucket = self.chance.choice(self.connection.execute(
            "SELECT DISTINCT bucket FROM seal ORDER BY 1").fetchall())[0]  # fmt: skip
        newest = "SELECT max(nth) FROM seal WHERE bucket = %(b)s"
        return self.do(f"DELETE FROM seal WHERE bucket = %(b)s AND nth = ({newest})", b=bucket)

    def delete_the_newest_seal_and_its_entries(self):
        bucket, after, upto = self.one(
            "SELECT bucket, after_xid, upto_xid FROM seal ORDER BY upto_xid DESC, bucket LIMIT 1"
        )
        self.do("DELETE FROM seal WHERE bucket = %(b)s AND upto_xid = %(u)s", b=bucket, u=upto)
        return self.do("DELETE FROM entry WHERE bucket = %(b)s AND xid > %(a)s AND xid <= %(u)s",
                       b=bucket, a=after, u=upto)  # fmt: skip

    def delete_the_newest_round(self):
        newest = self.one("SELECT max(upto_xid) FROM seal_round")[0]
        self.do("DELETE FROM seal WHERE upto_xid = %(u)s", u=newest)
        return self.do("DELETE FROM seal_round WHERE upto_xid = %(u)s", u=newest)

    def swap_two_seals(self):
        rows = self.connection.execute("SELECT bucket, nth FROM seal ORDER BY 1, 2").fetchall()
        a, b = self.chance.sample(rows, 2)
        return self.do(
            "UPDATE seal s SET root = o.root, entries = o.entries FROM seal o WHERE s.root <> o.root"
            " AND ((s.bucket, s.nth, o.bucket, o.nth) = (%(a)s, %(n)s, %(b)s, %(m)s)"
            " OR (s.bucket, s.nth, o.bucket, o.nth) = (%(b)s, %(m)s, %(a)s, %(n)s))",
            a=a[0], n=a[1], b=b[0], m=b[1],
        )  # fmt: skip


SILENT = ("swap_two", "move_between_accounts")
KINDS = [
    "change_an_entry",
    "delete_an_entry",
    *SILENT,
    "insert_a_plausible_one",
    "edit_a_seal",
    "edit_a_round",
    "edit_a_day",
    "delete_the_newest_seal",
    "delete_the_newest_seal_and_its_entries",
    "delete_the_newest_round",
    "swap_two_seals",
]


class Inside:
    """An open transaction of the plain driver, read by the door as if it were ours."""

    def __init__(self, connection):
        self.connection = connection

    async def execute(self, statement, arguments=None):
        return Rows(self.connection.execute(statement, arguments))


class Rows:
    """A cursor whose rows are there already."""

    def __init__(self, cursor):
        self.cursor = cursor

    def __aiter__(self):
        return self

    async def __anext__(self):
        row = self.cursor.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row

    async def fetchone(self):
        return self.cursor.fetchone()

    async def fetchall(self):
        return self.cursor.fetchall()
