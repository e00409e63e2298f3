"""The demo city: the same on every machine, founded once, and honest about what is simulated."""

import csv
import gzip
import io
import re
import shutil

import pytest

from app.clock import utc_now
from app.demo import city, rail, show
from app.embedded import discard
from tests.cli.commands import environment, run
from tests.embedded.conftest import open_folder


def test_the_simulated_rides_are_always_the_same():
    """The generator with its fixed seed writes what is shipped, row for row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rail.HEADER)
    writer.writerows(rail.rides())
    shipped = gzip.decompress((city.DATA / "rail_rides_simulated.csv.gz").read_bytes())
    assert shipped.decode() == text.getvalue()


def test_what_is_simulated_is_called_so_everywhere():
    """In the file's name, the provider's name and on the screen, in both languages."""
    simulated = [each for each in city.FILES if each.provider == "zhenjiang-metro"]
    assert [each.name for each in simulated] == ["rail_rides_simulated.csv.gz"]
    assert all(
        "模拟" in text and "simulated" in text.lower()
        for each in simulated
        for text in (each.what, each.origin)
    )
    zh, en = city.PROVIDERS["zhenjiang-metro"]
    assert ("模拟" in zh, "simulated" in en) == (True, True)


def test_every_data_file_has_its_source():
    """Small, packed, and named in the notice with where it came from."""
    notice = (city.DATA / "NOTICE.md").read_text()
    files = [path for path in city.DATA.iterdir() if path.name != "NOTICE.md"]
    assert [path.name for path in files if f"`{path.name}`" not in notice] == []
    assert sum(path.stat().st_size for path in files) < 1_000_000


@pytest.mark.parametrize("file", city.FILES, ids=lambda file: file.name)
def test_the_last_act_of_a_moved_file_was_yesterday(file):
    """Whole days only, counted from the founding; a file that cannot be moved stays."""
    days = show.shift_days(file, utc_now())
    assert (days == 0) == (not file.ends)


@pytest.fixture
def fresh_home():
    """A machine on which nothing has run yet."""
    base = open_folder()
    yield base / "home"
    discard(base / "home")
    shutil.rmtree(base, ignore_errors=True)


def test_the_demo_runs_twice_and_credits_once(fresh_home):
    """From nothing to points with an embedded pair, exit code 0; the second run adds nothing."""
    env = environment(fresh_home)
    first, second = run("demo", "--once", env=env), run("demo", "--once", env=env)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    sums = [
        re.search(r"every row is accounted for: (.+)", each.stdout)[1] for each in (first, second)
    ]
    assert sums[0] == sums[1]
    assert re.match(r"[1-9][\d,]+ credited", sums[0])
    wallets = [re.search(r"小林 lin: ([\d,]+)", each.stdout)[1] for each in (first, second)]
    assert wallets[0] == wallets[1]
    assert second.stdout.count("already ingested") == len(city.FILES)
    for each in (first, second):
        assert " 0 breaches" in each.stdout
        assert len(re.findall(r"^curl -s .*/v1/me/", each.stdout, re.MULTILINE)) == 4
        assert re.search(r"the till: http://127\.0\.0\.1:\d+/till$", each.stdout, re.MULTILINE)
        assert re.search(r"^curl -s .*/v1/admin/reconciliation/20", each.stdout, re.MULTILINE)
        assert re.search(r"its key: till_[0-9A-Z]{30,}$", each.stdout, re.MULTILINE)
    assert re.search(r"coupons taken yesterday: [1-9]", first.stdout)
    # In the first quarter of an hour of a day yesterday is closed only where it is named.
    yesterday = re.search(r"/v1/admin/reconciliation/([\d-]+)", first.stdout)[1]
    for words in ((), ("--day", yesterday)):
        closed = run("settle", *words, env=env)
        assert closed.returncode == 0, closed.stderr
    again = run("settle", "--check", env=env)
    assert re.search(r"made again: [1-9]\d* settlements, 0 differ", again.stdout), again.stdout
    told = run("token", "--as", "citizen:lin", env=env)
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", told.stdout)
