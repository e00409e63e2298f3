"""The OpenAPI document is committed, true, and complete enough to write a client from."""

from app import documentation
from tests.api.doors import audience_of
from tests.house.sources import ROOT

FILE = ROOT / "app" / "openapi.json"
METHODS = {"get", "post", "put", "patch", "delete"}


def operations(app):
    """Every operation of the programme: its name and its description."""
    for path, item in app.openapi()["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", path, item[method]


def test_the_committed_document_is_this_code_s(app):
    """A change of the interface is seen in review. Regenerate: `puhui openapi > app/openapi.json`."""
    assert FILE.read_text() == documentation.openapi_text(app), (
        "app/openapi.json is out of date: run `puhui openapi > app/openapi.json` and review it"
    )


def test_every_operation_explains_itself(app):
    """A summary, a sentence, one tag, and what a success looks like."""
    poor = [
        name
        for name, _, operation in operations(app)
        if not operation.get("summary")
        or not operation.get("description", "").rstrip().endswith(".")
        or len(operation.get("tags", [])) != 1
        or not any(status.startswith("2") for status in operation["responses"])
    ]
    assert poor == []


def test_every_guarded_operation_documents_its_guard(app):
    """401, 403 and the padlock stand wherever a token is needed, and nowhere else."""
    wrong = [
        name
        for name, path, operation in operations(app)
        if path.startswith("/v1/")
        and {
            {"401", "403"} <= set(operation["responses"]),
            bool(operation.get("security")),
            audience_of(path) is not None,
        }
        not in ({True}, {False})
    ]
    assert wrong == []


def test_every_answer_has_a_shape(app):
    """No success is "anything": a client knows which members to expect."""
    vague = [
        f"{name} {status}"
        for name, path, operation in operations(app)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        and status != "204"
        and path.startswith("/v1/")
        and all(
            "json" in kind and not content.get("schema")
            for kind, content in answer.get("content", {"json": {}}).items()
        )
    ]
    assert vague == []


def reached(document, part, found):
    """The names of all component schemas that a part of the document refers to."""
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
        if name and name not in found:
            found.add(name)
            reached(document, document["components"]["schemas"][name], found)
        for value in part.values():
            reached(document, value, found)
    elif isinstance(part, list):
        for value in part:
            reached(document, value, found)
    return found


def test_unknown_fields_are_refused(app):
    """A misspelt optional field is an error, not a silence."""
    document = app.openapi()
    asked = set()
    for _, _, operation in operations(app):
        reached(document, operation.get("requestBody", {}), asked)
    schemas = document["components"]["schemas"]
    objects = [name for name in asked if schemas[name].get("type") == "object"]
    assert [n for n in objects if schemas[n].get("additionalProperties") is not False] == []


def test_every_member_is_explained_or_shown(app):
    """Each field of each schema has a description or an example: units are not guessed."""
    document = app.openapi()
    poor = [
        f"{name}.{member}"
        for name, schema in document["components"]["schemas"].items()
        for member, field in schema.get("properties", {}).items()
        if not ({"description", "examples", "const", "$ref"} & set(field))
    ]
    assert poor == []


def test_operations_have_names_of_their_own(app):
    """A generated client gets one plain name per operation, and one per schema."""
    names = [operation["operationId"] for _, _, operation in operations(app)]
    assert len(names) == len(set(names))
    schemas = app.openapi()["components"]["schemas"]
    assert [name for name in (*names, *schemas) if "__" in name or not name.isidentifier()] == []


def test_a_write_that_needs_a_key_says_so(app):
    """A client written from the document sends an `Idempotency-Key` where it is asked for one."""
    asked, welcome = {}, set()
    for name, _, operation in operations(app):
        for each in operation.get("parameters", ()):
            if each["name"] == "idempotency-key" and each["required"]:
                asked[name] = each["schema"]["minLength"], each["schema"]["maxLength"]
            elif each["name"] == "idempotency-key":
                welcome.add(name)
    assert set(asked) == {
        "POST /v1/me/appeals",
        "POST /v1/me/claims",
        "POST /v1/me/donations",
        "POST /v1/me/redemptions",
        "POST /v1/me/tickets",
    }
    assert set(asked.values()) == {(8, 255)}
    own = {name for name, _, _ in operations(app) if name.startswith("POST /v1/me/")}
    assert own - set(asked) - welcome == set(SAFE_TO_SEND_AGAIN)


SAFE_TO_SEND_AGAIN = {
    "POST /v1/me/consents": "what is agreed to already stays as it is",
    "POST /v1/me/guardian": "the newest code counts, and the asker has it",
    "POST /v1/me/household/code": "the newest code counts, and the asker has it",
    "POST /v1/me/household/join": "joining where one is changes nothing",
    "POST /v1/me/link-claims": "a claim that waits is the answer",
    "POST /v1/me/links": "linking one's own card again changes nothing",
    "POST /v1/me/messages/read-all": "what is read stays read",
    "POST /v1/me/messages/{message_id}/read": "what is read stays read",
    "POST /v1/me/redemptions/{redemption_id}/cancel": "what was given back stays given back",
    "POST /v1/me/redemptions/{redemption_id}/code": "shows, and changes nothing",
    "POST /v1/me/tickets/{offer_id}/leave": "who has left has left",
}
"""A citizen's writes that need no key, each with its reason."""
