"""YAML files checked against a model: every mistake becomes one `UserError` line."""

import dataclasses
import json
import re
import typing
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml

from .errors import UserError

T = TypeVar("T")

_SHOWN_CHARACTERS = 60


class _Loader(yaml.SafeLoader):
    """YAML as people write it: ``1e-3`` is a number, and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key_node.value!r} given twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file, unchecked.

    Raises
    ------
    UserError
        If the file cannot be read, is no YAML, or is no mapping of keys to values.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); allowed: the path of a YAML file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8; allowed: a YAML file in UTF-8") from error
    try:
        content = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError(f"{path}: {where}{error.problem}; allowed: YAML") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]}; allowed: YAML") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds {_quoted(content)}; allowed: keys with values, such as 'name: example'")
    return content


def validate(content: dict[str, Any], model: type[T], source: str | Path) -> T:
    """Check ``content`` against a pydantic model or a dataclass; types are never coerced.

    Parameters
    ----------
    content : dict
        As `read` returns it.
    model : type
        A pydantic model, or a standard dataclass (whose ``__post_init__`` may raise `UserError`).
    source : str or Path
        Where the content is from, for the message.

    Raises
    ------
    UserError
        One line for the first mistake: source, key path, value, what is allowed; and how many more there are.
    """
    _refuse_unknown_keys(content, model, source)
    try:
        # JSON is the strict mode that still takes a list for a tuple and 1 for 1.0.
        return pydantic.TypeAdapter(model).validate_json(json.dumps(content, default=str), strict=True)
    except pydantic.ValidationError as error:
        found = error.errors()
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise UserError(f"{source}: {_line(found[0], model)}{more}") from error


def load(path: str | Path, model: type[T]) -> T:
    """Read and check a file: `read`, then `validate`."""
    return validate(read(path), model, path)


def _quoted(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."


def _refuse_unknown_keys(content: dict[str, Any], model: type, source: str | Path) -> None:
    # A pydantic model forbids them itself; a plain dataclass would drop them silently.
    if dataclasses.is_dataclass(model):
        known = [field.name for field in dataclasses.fields(model)]
        for key in content:
            if key not in known:
                raise UserError(f"{source}: {key}: there is no such key; allowed: {', '.join(known)}")


def _line(error: Any, model: type) -> str:
    location = tuple(part for part in error["loc"])
    path = ".".join(str(part) for part in location)
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{path}: there is no such key; allowed: {', '.join(_keys_at(model, location[:-1]))}"
    if kind == "missing":
        return f"{path}: missing; it has no default"
    context = error.get("ctx", {})
    if kind == "union_tag_invalid":
        key = context["discriminator"].strip("'")
        return f"{path}.{key}: {_quoted(context['tag'])} is not possible; allowed: {context['expected_tags']}"
    cause = context.get("error")
    if isinstance(cause, UserError):
        return f"{path}: {cause}" if path else str(cause)
    allowed = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{path}: {_quoted(error['input'])} is not possible; allowed: {allowed}"


def _keys_at(annotation: Any, location: tuple[int | str, ...]) -> list[str]:
    """Keys of the model at ``location`` below ``annotation``; union tags and list indices are passed over."""
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        if location and location[0] in fields:
            return _keys_at(fields[location[0]].annotation, location[1:])
        return sorted(fields)
    tag = location[0] if location else None
    members = typing.get_args(annotation)
    tagged = [member for member in members if tag in _tags(member)]
    rest = location[1:] if location and (tagged or isinstance(tag, int)) else location
    return sorted({key for member in tagged or members for key in _keys_at(member, rest)})


def _tags(model: Any) -> tuple[str, ...]:
    """Values of a model's literal ``name``, by which a union tells its members apart."""
    fields = getattr(model, "model_fields", {})
    return typing.get_args(fields["name"].annotation) if "name" in fields else ()
