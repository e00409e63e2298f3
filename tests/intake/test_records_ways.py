"""There are two ways to read a batch, and they always say the same."""

import json
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from app.intake import records
from app.intake.errors import UnreadableBatch

scalars = st.one_of(
    st.text(max_size=4),
    st.sampled_from(["x" * 201, "\x00", "\ud800", "骑"]),
    st.integers(-(10**19), 10**19),
    st.booleans(),
    st.none(),
    st.sampled_from([1.5, 1e30, 1e-40]),
)
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.just({"a": 1}))
items = st.one_of(
    scalars,
    st.fixed_dictionaries(
        {},
        optional={
            "ref": st.one_of(scalars, st.just("r" * 81)),
            "subject": scalars,
            "methodology": scalars,
            "data": st.one_of(
                st.dictionaries(st.sampled_from(["a", "b", "n" * 61, "\x00"]), values), scalars
            ),
            "extra": scalars,
        },
    ),
    st.fixed_dictionaries(
        {
            "ref": st.text("ab", min_size=1, max_size=3),
            "subject": st.just("s"),
            "methodology": st.just("m"),
            "data": st.dictionaries(st.sampled_from(["a", "b"]), values),
        }
    ),
)
GOOD = '{"ref":"r","subject":"s","methodology":"m","data":{"a":%s}}'


def answer(body):
    """What a batch is read as, either way; the raw bytes are nobody's answer."""
    found = []
    for way in (lambda: records.read_batch(body, records_max=5), lambda: patient(body)):
        try:
            good, bad = way()
        except UnreadableBatch as error:
            found.append(("unreadable", str(error)))
            continue
        told = [(each.index, each.ref, each.subject, each.methodology, repr(dict(each.data)))
                for each in good]  # fmt: skip
        found.append((told, bad))
    return found


def patient(body):
    """The slow way."""
    return records._patient(body, 5)


@given(batch=st.lists(items, max_size=6), ascii_only=st.booleans())
def test_both_ways_say_the_same(batch, ascii_only):
    """Whatever is sent, the fast way answers like the patient one."""
    try:
        body = json.dumps({"records": batch}, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return
    first, second = answer(body)
    assert first == second


@given(text=st.text(alphabet='0123456789.eE+-"{}[]:,\\u tx\x01\n', max_size=12))
@example(text="01")
@example(text="1e400")
@example(text="1E5")
@example(text='"\x01"')
@example(text='"a\tb"')
@example(text="NaN")
@example(text="-0")
@example(text='1,"a":2')
@example(text='"\\ud83d\\ude00"')
@example(text='"\\u0000"')
@example(text="9" * 30)
@example(text="[" * 2000)
def test_both_ways_say_the_same_of_broken_json(text):
    """Syntax at its edges: numbers, escapes, control characters, keys that stand twice."""
    first, second = answer(f'{{"records": [{GOOD % text}]}}'.encode())
    assert first == second


def test_the_data_is_kept_as_it_was_sent():
    """The very bytes, spaces and digits included."""
    body = b'{"records": [{"ref":"r","subject":"s","methodology":"m","data":{"a" : 1.50}}]}'
    [record], _ = records.read_batch(body, records_max=1)
    assert record.source() == b'{"a" : 1.50}'
    assert record.data == {"a": Decimal("1.50")}
