"""Renders set-keyword: calls are given a keyword, or the one they have gets another value."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.parsed import Files, Parsed, RenderError
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span


def set_keyword(plan: FixPlan, files: Files) -> tuple[Edit, ...]:
    """Each line of the detail `set` is `keyword=value`, or `keyword.key=value` for a key of a dict (which may lead into
    dicts in it: `keyword.key.key=value`); raises RenderError.

    The calls are those of the plan's other spans, or of the finding itself where there are none. `{}` in a value stands
    for the name in the detail `import`, as the file can write it.
    """
    edits: list[Edit] = []
    new: list[Edit] = []
    for place in plan.spans[1:] or plan.spans[:1]:
        parsed = files[place.path]
        node = parsed.call(place.span)
        call = node.expression if isinstance(node, cst.Await) else node
        if not isinstance(call, cst.Call):
            raise RenderError("the call is not found where it was")
        if any(argument.star for argument in call.args):
            raise RenderError("it is given arguments that are unpacked")
        name = plan.detail("import")
        written, added = imports.use(parsed, name) if name else ("", ())
        lines = plan.detail("set").replace("{}", written).split("\n")
        edits += _changed(parsed, call, [_pair(line) for line in lines])
        new += added
    return (*dict.fromkeys(edits), *imports.together(new))


def _pair(line: str) -> tuple[str, tuple[str, ...], str]:
    path, _, value = line.partition("=")
    keyword, *keys = path.split(".")
    return keyword, tuple(keys), value


def _changed(
    parsed: Parsed, call: cst.Call, pairs: list[tuple[str, tuple[str, ...], str]]
) -> list[Edit]:
    edits: list[Edit] = []
    new: dict[str, list[str]] = {}
    for keyword, keys, value in pairs:
        given = next((a for a in call.args if a.keyword and a.keyword.value == keyword), None)
        if given is None:
            new.setdefault(keyword, []).append(_item(keys, value) if keys else value)
        elif not keys:
            edits.append(Edit(parsed.path, parsed.span(given.value), value))
        else:
            edits.append(in_dict(parsed, given.value, keys, value))
    nested = {keyword for keyword, keys, _ in pairs if keys}
    texts = [
        f"{keyword}={{{', '.join(items)}}}" if keyword in nested else f"{keyword}={items[-1]}"
        for keyword, items in new.items()
    ]
    if texts:
        edits.append(_behind(parsed, call.args, texts, _closing(parsed, call)))
    return edits


def _item(keys: tuple[str, ...], value: str) -> str:
    """`"key": value`, with a dict for each further key."""
    for key in reversed(keys[1:]):
        value = f'{{"{key}": {value}}}'
    return f'"{keys[0]}": {value}'


def in_dict(parsed: Parsed, value: cst.BaseExpression, keys: tuple[str, ...], text: str) -> Edit:
    """The dict with this value for a key, or for one of the dict that it has there; raises RenderError."""
    if not isinstance(value, cst.Dict):
        raise RenderError("what it is given is no dict that stands there")
    found: cst.BaseExpression | None = None
    for element in value.elements:
        if not isinstance(element, cst.DictElement):
            raise RenderError("a dict is unpacked in what it is given")
        if isinstance(element.key, cst.SimpleString) and element.key.evaluated_value == keys[0]:
            found = element.value
    if found is None:
        return _behind(parsed, value.elements, [_item(keys, text)], _closing(parsed, value))
    if len(keys) > 1:
        return in_dict(parsed, found, keys[1:], text)
    return Edit(parsed.path, parsed.span(found), text)


def keys_in_dict(
    parsed: Parsed, value: cst.Dict, changes: Sequence[tuple[tuple[str, ...], str]]
) -> tuple[Edit, ...]:
    """The dict with several values: where it has the keys, in their place, else behind all; raises RenderError."""
    if not all(isinstance(element, cst.DictElement) for element in value.elements):
        raise RenderError("a dict is unpacked in what it is given")
    here = {
        element.key.evaluated_value
        for element in value.elements
        if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString)
    }
    edits = [in_dict(parsed, value, keys, text) for keys, text in changes if keys[0] in here]
    new = [_item(keys, text) for keys, text in changes if keys[0] not in here]
    if new:
        edits.append(_behind(parsed, value.elements, new, _closing(parsed, value)))
    return tuple(edits)


def _closing(parsed: Parsed, node: cst.CSTNode) -> tuple[int, int]:
    """Where the bracket that ends it stands."""
    span = parsed.span(node)
    return span.end_line, span.end_column - 1


def _behind(
    parsed: Parsed,
    items: Sequence[cst.Arg | cst.BaseDictElement],
    texts: list[str],
    closing: tuple[int, int],
) -> Edit:
    """New items behind the last one: on its line, or each on one of its own where that one is."""
    line, column = closing
    if not items:
        if parsed.lines[line - 1][:column].rstrip()[-1:] not in ("(", "{"):
            raise RenderError("something stands between its brackets")
        return Edit(parsed.path, Span(line, column, line, column), ", ".join(texts))
    end = _end(parsed, items[-1])
    between = parsed.text_of(Span(*end, line, column))
    comma, _, rest = between.partition(",")
    if comma.strip() and not comma.strip().startswith("#"):
        raise RenderError("something stands behind its last argument")
    has_comma = "," in between and not comma.strip()
    start = parsed.span(items[-1]).line
    own = parsed.lines[start - 1]
    if "\n" in between and own[: parsed.span(items[-1]).column].strip() == "":
        indent = own[: len(own) - len(own.lstrip())]
        lines = "".join(f"\n{indent}{text}," for text in texts)
        if has_comma:
            where = (end[0], end[1] + len(comma) + 1)
            if rest.partition("\n")[0].strip():  # a comment behind the comma stays there
                where = (end[0], len(parsed.lines[end[0] - 1]))
            return Edit(parsed.path, Span(*where, *where), lines)
        if between.partition("\n")[0].strip():
            raise RenderError("a comment stands behind its last argument")
        return Edit(parsed.path, Span(*end, *end), f",{lines.removesuffix(',')}")
    if has_comma and "\n" not in between:
        where = (end[0], end[1] + len(comma) + 1)
        return Edit(parsed.path, Span(*where, *where), f" {', '.join(texts)}")
    return Edit(parsed.path, Span(*end, *end), f", {', '.join(texts)}")


def _end(parsed: Parsed, item: cst.Arg | cst.BaseDictElement) -> tuple[int, int]:
    node = item.value if isinstance(item, (cst.Arg, cst.DictElement)) else item
    span = parsed.span(node)
    return span.end_line, span.end_column
