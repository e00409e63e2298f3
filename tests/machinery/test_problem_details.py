"""Every refusal is an RFC 9457 problem document, in the reader's language, and tells no secret."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.problems import TryAgain, document, wants_english

ORDER = {"telephone": "13912345678", "units": 2}


def problem_of(response: httpx.Response, status: int, code: str) -> dict:
    """The problem object, after the checks that hold for all of them."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"https://docs.puhui.example/problems/{code}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    return problem


async def test_a_refusal_is_told_in_chinese_by_default(caller):
    """The citizen's phone asks for nothing and gets Chinese; facts never shadow the standard members."""
    problem = problem_of(await caller.get("/empty"), 409, "shelf-empty")
    assert problem["title"] == "货架已空"
    assert problem["detail"] == "需要 3 件,仅剩 1 件。"
    assert problem["needed"] == 3


async def test_a_refusal_is_told_in_english_on_request(caller):
    """`Accept-Language: en` is honoured and the answer says which language it is in."""
    response = await caller.get("/empty", headers={"Accept-Language": "en-GB, zh;q=0.5"})
    assert problem_of(response, 409, "shelf-empty")["title"] == "Shelf empty"
    assert response.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("header", "english"),
    [
        ("", False),
        ("*", False),
        ("en", True),
        ("EN-us", True),
        ("zh-CN, en;q=0.9", False),
        ("en;q=0.8, zh;q=0.9", False),
        ("zh;q=0.1, en;q=0.11", True),
        ("fr, en;q=0.001", True),
        ("en;q=0", False),
        ("de", False),
    ],
)
def test_the_heavier_language_wins(header, english):
    """Weights are compared as RFC 9110 says; a draw is Chinese."""
    assert wants_english(header) is english


@given(header=st.text(max_size=60) | st.text("enzh;q=01.,-* ", max_size=60))
def test_no_language_header_is_a_bug(header):
    """Whatever a client sends, the reader's language is decided without an error."""
    assert wants_english(header) in {True, False}


async def test_an_unknown_path_is_a_problem(caller):
    """404 is told like every other refusal."""
    problem_of(await caller.get("/nowhere"), 404, "http-404")


async def test_another_method_is_a_problem_and_names_those_allowed(caller):
    """405 keeps the `Allow` header that RFC 9110 requires."""
    response = await caller.delete("/empty")
    problem_of(response, 405, "http-405")
    assert response.headers["allow"] == "GET"


async def test_a_framework_refusal_without_words_of_ours_is_still_a_problem(caller):
    """A status that nobody foresaw keeps its number."""
    problem_of(await caller.get("/teapot"), 418, "http-418")


async def test_a_wrong_field_is_named_and_its_value_is_not(caller):
    """422 names the fields, in both languages, and never echoes what may be personal."""
    body = {"telephone": "139123456789", "units": 0, "nickname": "Anna-Secret"}
    told = {"zh": ("最多 11 个字符", "大于或等于 1"), "en": ("at most 11", "than or equal to 1")}
    for language, (words, bound) in told.items():
        response = await caller.post("/orders/1", json=body, headers={"Accept-Language": language})
        problem = problem_of(response, 422, "invalid-request")
        fields = {each["field"]: each for each in problem["errors"]}
        assert set(fields) == {"body.telephone", "body.units", "body.nickname"}
        assert words in fields["body.telephone"]["problem"]
        assert bound in fields["body.units"]["problem"]
        assert fields["body.nickname"]["code"] == "extra_forbidden"
        assert "139123456789" not in response.text
        assert "Anna-Secret" not in response.text


async def test_many_wrong_fields_are_not_all_listed(caller):
    """A hostile body cannot make the answer large."""
    response = await caller.post("/orders/1", json={f"field-{n}": n for n in range(300)})
    assert len(problem_of(response, 422, "invalid-request")["errors"]) == 50


async def test_a_wrong_path_parameter_is_named(caller):
    """The place of the mistake (path, query or body) is part of the field's name."""
    problem = problem_of(await caller.post("/orders/one", json=ORDER), 422, "invalid-request")
    assert [each["field"] for each in problem["errors"]] == ["path.order_id"]


async def test_broken_json_is_a_problem(caller):
    """A body that is not JSON at all is refused without a trace of the parser."""
    headers = {"Content-Type": "application/json"}
    response = await caller.post("/orders/1", content=b'{"units": ', headers=headers)
    problem = problem_of(response, 422, "invalid-request")
    assert problem["errors"][0]["code"] == "json_invalid"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", None])
async def test_another_media_type_is_415(caller, kind):
    """A body that does not say it is JSON is not read as JSON."""
    headers = {} if kind is None else {"Content-Type": kind}
    response = await caller.post("/orders/1", content=json.dumps(ORDER).encode(), headers=headers)
    problem_of(response, 415, "http-415")


async def test_a_missing_body_is_not_a_media_type(caller):
    """Nothing at all is a missing field, not a strange type."""
    problem_of(await caller.post("/orders/1"), 422, "invalid-request")


async def chunks(total: int):
    """A body sent in pieces, without a length."""
    for _ in range(total // 1_000):
        yield b"x" * 1_000


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/orders/1", "/nowhere", "/empty"])
async def test_a_large_body_is_413_everywhere(caller, announced, path):
    """The limit holds with and without a Content-Length; the answer is a problem like any other."""
    content = b"x" * 50_000 if announced else chunks(50_000)
    headers = {"Content-Type": "application/json"}
    response = await caller.post(path, content=content, headers=headers)
    if announced or path == "/orders/1":
        problem_of(response, 413, "http-413")
    else:
        assert response.status_code in {404, 405}, "nobody read the body"


async def test_a_bug_is_500_without_its_reason(caller):
    """A stack trace, a message or a type never reaches a caller."""
    response = await caller.get("/broken")
    problem_of(response, 500, "internal-error")
    for secret in ("13800000000", "RuntimeError", "Traceback", "a bug"):
        assert secret not in response.text


async def test_a_lost_database_asks_to_try_again(caller):
    """An unreachable PostgreSQL is 503 with `Retry-After`, and its address is not told."""
    response = await caller.get("/away")
    problem_of(response, 503, "try-again")
    assert response.headers["retry-after"] == "1"
    assert "10.0.0.7" not in response.text


async def test_ids_of_requests_differ_and_are_not_taken_from_the_caller(caller):
    """A caller cannot choose the id under which its request is logged."""
    given = {"X-Request-Id": "chosen"}
    seen = {(await caller.get("/empty", headers=given)).headers["x-request-id"] for _ in range(5)}
    assert len(seen) == 5
    assert "chosen" not in seen


async def test_every_answer_carries_one_request_id(caller):
    """Success, refusal, bug and static file alike."""
    for path in ("/livez", "/empty", "/broken", "/nowhere", "/docs/assets/index.css", "/metrics"):
        ids = (await caller.get(path)).headers.get_list("x-request-id")
        assert len(ids) == 1, path


def test_documented_refusals_of_one_status_stand_together():
    """OpenAPI has one entry per status; both codes are in it."""
    described = document(TryAgain, TryAgain)
    assert list(described) == [503]
    assert described[503]["description"] == "try-again try-again"
