"""Refusals that citizens read are written for citizens, not for those who write programs."""

import ast
import re

from app import problem_texts
from tests.house.sources import sources

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROOMS = {"people", "phone", "rights", "sign_in", "appeals"}
FILES = re.compile(r"/(routes_(citizen|public)|redeem|offers_audience|coupons_found|gate|hub)")
OTHERS = {"app/people/officers.py"}
CODE = re.compile(r"`|/v1/|\b(GET|POST|PUT|PATCH|DELETE) /")
MOMENT = re.compile(r"(^|_)(at|until)$|isoformat")


def refusals(source):
    """Calls that begin with a sentence in English and the same one in Chinese."""
    for call in source.calls():
        texts = [ast.unparse(each) for each in call.args[:2]]
        if len(texts) == 2 and CHINESE.search(texts[1]) and not CHINESE.search(texts[0]):
            yield call


def inserted(call):
    """What stands in the braces of both sentences."""
    for argument in call.args[:2]:
        for node in ast.walk(argument):
            if isinstance(node, ast.FormattedValue):
                yield ast.unparse(node.value)


def said(call):
    """The written parts of both sentences."""
    return " ".join(
        node.value
        for argument in call.args[:2]
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_citizens_read_no_routes_and_no_names_of_fields():
    """What mends a refusal is said in the words of the app; facts for programs stand beside."""
    read = [
        (each, call)
        for each in sources("app")
        if (each.room in ROOMS or FILES.search(each.name)) and each.name not in OTHERS
        for call in refusals(each)
    ]
    assert len(read) > 80
    assert [each.at(call) for each, call in read if CODE.search(said(call))] == []
    words = [*problem_texts.DETAIL_ZH.values(), *(row[3] for row in problem_texts.GENERAL.values())]
    assert [each for each in words if CODE.search(each)] == []


def test_sentences_tell_no_moments_in_utc():
    """A moment is a fact beside the sentence, which the reader's own clock shows."""
    found = [
        f"{each.at(call)} {name}"
        for room in ROOMS | {"rewards"}
        for each in sources(f"app/{room}")
        for call in refusals(each)
        for name in inserted(call)
        if MOMENT.search(name)
    ]
    assert found == []
