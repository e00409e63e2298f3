"""The words of refusals that no room gives, in both languages; data, no decisions."""

from collections.abc import Mapping

FIELD_ZH: Mapping[str, str] = {
    "missing": "缺少必填字段",
    "extra_forbidden": "不允许的字段",
    "json_invalid": "不是有效的 JSON",
    "string_type": "应为字符串",
    "string_too_short": "内容过短",
    "string_too_long": "内容过长",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "greater_than_equal": "数值过小",
    "greater_than": "数值过小",
    "less_than_equal": "数值过大",
    "less_than": "数值过大",
    "bool_type": "应为 true 或 false",
    "list_type": "应为数组",
    "too_short": "条目过少",
    "too_long": "条目过多",
    "uuid_type": "应为 UUID",
    "uuid_parsing": "应为 UUID",
    "enum": "不是允许的取值",
    "literal_error": "不是允许的取值",
    "datetime_from_date_parsing": "应为带时区的时间",
    "datetime_parsing": "应为带时区的时间",
    "timezone_aware": "时间必须带时区",
    "date_from_datetime_parsing": "应为日期",
    "date_parsing": "应为日期",
    "model_attributes_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
}
"""What is wrong with a field: the validator's code -> Chinese."""

GENERAL: Mapping[str, tuple[int, str, str, str]] = {
    "invalid-request": (
        422,
        "The request is not valid",
        "请求格式不正确",
        "Something that was sent does not fit; each field in question is named.",
    ),
    "internal-error": (
        500,
        "Something is broken on our side",
        "服务内部错误",
        "Quote the request id when you report it.",
    ),
    "http-400": (400, "The request cannot be read", "无法读取请求", "Send well-formed JSON."),
    "http-401": (401, "Sign in first", "请先登录", "Sign in; a bearer token is needed here."),
    "http-404": (404, "There is nothing here", "没有找到", "No route has this path."),
    "http-405": (
        405,
        "This method is not offered here",
        "不支持该方法",
        "The Allow header names those that are.",
    ),
    "http-413": (413, "The body is too large", "请求体过大", "Send less at once."),
    "http-415": (
        415,
        "This media type is not understood",
        "不支持的媒体类型",
        "Send Content-Type: application/json.",
    ),
}
"""Refusals that no room gives: code -> status, titles, what would mend it."""

DETAIL_ZH: Mapping[str, str] = {
    "invalid-request": "提交的内容有误,请检查标出的字段。",
    "internal-error": "如需反馈,请提供请求编号。",
    "http-415": "请使用 Content-Type: application/json。",
}
