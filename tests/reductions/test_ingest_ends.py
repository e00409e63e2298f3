"""The end of a file, when several processes come to it at once."""

import asyncio

from app.intake.files_rejects import Reject
from tests.reductions.test_ingest import many, order, rejected, write_csv, zhenjiang

__all__ = ["zhenjiang"]


async def test_two_processes_may_finish_at_the_same_moment(zhenjiang, tmp_path):
    """One turns the journal into the rejects file, the other waits and finds it done."""
    path = write_csv(tmp_path / "rides.csv", many(30))
    journal_of = (await order(zhenjiang, path)).rejects
    for _ in range(40):
        journal_of.note(rows_before=0, rows_after=1, rejects=[REJECT])
        ends = [(await order(zhenjiang, path)).rejects for _ in range(4)]
        done = await asyncio.gather(*(asyncio.to_thread(each.finish, rows_done=1) for each in ends))
        assert sorted(done) == [False, False, False, True]
        assert len(rejected(path)) == 1
        assert not journal_of.journal.exists()


REJECT = Reject(1, "rejected", "not_linked", "subject", "", list("abcde"))


async def test_looking_whether_rejects_can_be_written_leaves_a_journal_alone(zhenjiang, tmp_path):
    """A process that begins does not take away the journal of one that is at the file already."""
    path = write_csv(tmp_path / "rides.csv", many(30))
    other = (await order(zhenjiang, path)).rejects
    other.note(rows_before=0, rows_after=1, rejects=[REJECT])
    kept = other.journal.read_bytes()
    (await order(zhenjiang, path)).rejects.ensure_writable()
    assert other.journal.read_bytes() == kept
