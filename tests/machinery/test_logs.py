"""Log lines: one JSON object each, with the request's id, without secrets."""

import json
import subprocess
import sys

SCRIPT = """
import asyncio, logging
import structlog
from app.logs import RequestId, configure
configure()
log = structlog.get_logger()

async def service(scope, receive, send):
    log.info("offer_taken", offer=7, shop="小店")
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": []})

async def main():
    sent = []
    async def send(message):
        sent.append(message)
    await asyncio.gather(*(RequestId(service)({"type": "http"}, None, send) for _ in range(3)))
    log.info("outside")
    log.debug("too_quiet")
    await RequestId(service)({"type": "lifespan"}, None, send)
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")
    ids = [dict(each["headers"])[b"x-request-id"].decode() for each in sent if each["headers"]]
    print(" ".join(ids))

asyncio.run(main())
"""


def test_a_line_is_one_json_object_with_the_request_id():
    """Lines of three requests at once each carry their own id; a line outside carries none."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [each["event"] for each in lines] == [
        "offer_taken",
        "offer_taken",
        "offer_taken",
        "outside",
        "offer_taken",
        "failed",
    ]
    assert {each["request_id"] for each in lines[:3]} == set(done.stdout.split())
    assert len(set(done.stdout.split())) == 3
    assert lines[0]["shop"] == "小店"
    assert lines[0]["timestamp"].endswith("Z")
    assert lines[0]["level"] == "info"
    for each in lines[3:]:
        assert "request_id" not in each
    assert "ZeroDivisionError" in lines[-1]["exception"]
