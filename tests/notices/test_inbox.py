"""The inbox: what was promised stands in it at once, in the reader's language."""

from datetime import timedelta

from app.notices import inbox
from app.notices.deliver import deliver
from app.notices.enqueue import enqueue
from app.notices.texts import OTHER, TEMPLATES, template_of
from app.worker_acts import forget_messages
from tests import make
from tests.make import NOON
from tests.notices.test_outbox import Collecting


async def told(tx, account_id, template="points_earned", at=NOON, **facts):
    """One message to somebody."""
    await enqueue(tx, template=template, facts_of={account_id: facts}, now=at)


async def test_a_message_is_in_the_inbox_before_it_is_pushed(client, tx, keys):
    """Pushed or not, the citizen finds it; and it has one id everywhere."""
    anna = make.account()
    await told(tx, anna, points=18)
    headers = make.citizen_headers(keys, anna)

    (before,) = (await client.get("/v1/me/messages", headers=headers)).json()["items"]
    channel = Collecting()
    await deliver(tx, channel=channel)
    (after,) = (await client.get("/v1/me/messages", headers=headers)).json()["items"]

    assert before == after
    assert [str(each.id) for each in channel.messages] == [before["id"]]
    assert (before["title"], before["text"]) == ("Points arrived", "You earned 18 points.")
    chinese = make.citizen_headers(keys, anna, language="zh-CN")
    (same,) = (await client.get("/v1/me/messages", headers=chinese)).json()["items"]
    assert same["text"] == "您获得了 18 积分。"


async def test_reading_is_safe_to_repeat(client, tx, keys):
    """The count goes down once, a stranger's message is not there, and read stays read."""
    anna, boris = make.account(), make.account()
    for points in (1, 2, 3):
        await told(tx, anna, points=points)
    headers, others = make.citizen_headers(keys, anna), make.citizen_headers(keys, boris)
    items = (await client.get("/v1/me/messages", headers=headers)).json()["items"]
    path = f"/v1/me/messages/{items[0]['id']}/read"

    foreign = await client.post(path, headers=others)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "message-not-found")
    for _ in range(2):
        answer = await client.post(path, headers=headers)
        assert (answer.status_code, answer.json()["read"]) == (200, True)
        page = (await client.get("/v1/me/messages?unread=true", headers=headers)).json()
        assert (page["unread"], len(page["items"])) == (2, 2)


async def test_read_all_spares_what_came_later(client, tx, keys):
    """What a phone has not shown yet is not marked by it."""
    anna = make.account()
    await told(tx, anna, points=1)
    headers = make.citizen_headers(keys, anna)
    seen = (await client.get("/v1/me/messages", headers=headers)).json()["items"][0]["id"]
    await told(tx, anna, points=2)

    for _ in range(2):
        answer = await client.post("/v1/me/messages/read-all", json={"upto": seen}, headers=headers)
        assert answer.json() == {"unread": 1}


async def test_pages_of_messages_are_all_of_them(client, tx, keys):
    """Cursors join without a gap."""
    anna = make.account()
    for points in range(5):
        await told(tx, anna, points=points)
    headers = make.citizen_headers(keys, anna)
    found, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"/v1/me/messages?limit=2{cursor}", headers=headers)).json()
        found += [each["text"] for each in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert found == [f"You earned {points} points." for points in (4, 3, 2, 1, 0)]


async def test_old_messages_are_forgotten(database, tx):
    """After half a year, and not a day before."""
    anna = make.account()
    await told(tx, anna, at=NOON - inbox.KEPT - timedelta(seconds=1))
    await told(tx, anna, at=NOON - inbox.KEPT + timedelta(seconds=1))
    assert await forget_messages(database, now=NOON) == 1
    assert len(await inbox.page(tx, account_id=anna, before=None, limit=9)) == 1


def test_every_template_speaks_both_languages():
    """Each sentence is there twice, and a fact that is missing is a dash, not an error."""
    for template in (*TEMPLATES.values(), OTHER):
        chinese, english = template.said({}, english=False), template.said({}, english=True)
        assert all([*chinese, *english])
        assert chinese != english
        assert "{" not in "".join(chinese + english)
    assert template_of("of another release") is OTHER
