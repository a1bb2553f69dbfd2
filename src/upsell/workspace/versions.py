"""Versions: what a program and a workflow are called, made of what they mean.

The law: the same meaning has the same version on any machine. Comments, quotes, line breaks and
other workflows do not change a workflow's version; a word in a template it sends does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never

import msgspec

from upsell.decisions.guardrails import Guardrails
from upsell.ids import digest
from upsell.journeys.steps import MessageStep
from upsell.journeys.workflow import Content, Crossing, Existing, Status, Workflow
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition
from upsell.workspace.editions import Edition
from upsell.workspace.items import Item, Leaf, Listing, Record

_FIRST_NAMES: Mapping[type, str] = {MessageStep: "EmailStep"}
"""What was called otherwise when the first workflows were named keeps that name in what is hashed."""


def workflow_version(workflow: Workflow) -> str:
    """Give the version of a compiled workflow.

    It is made of everything that is frozen with an enrollment. What is only told of a workflow
    (owner, purpose, review) or is never frozen (status, guardrails, its discount budget, what happens at
    launch) is left out: pausing a workflow does not make it another one.
    """
    frozen = msgspec.structs.replace(
        workflow,
        version="",
        owner="",
        purpose="",
        review_by=None,
        status=Status.LIVE,
        existing=Existing.IGNORE,
        guardrails=Guardrails(),
        discount_budget=None,
    )
    return digest("workflow", _encoded(plain(frozen)))


def program_version(files: Mapping[str, Item], texts: Mapping[str, str], edition: Edition) -> str:
    """Give the version of a program: a hash of its files as read, its templates as written, its edition."""
    content = {path: canonical(item) for path, item in files.items()}
    meant = () if edition is Edition.FIRST else (f"edition {edition.value}",)
    return digest("program", _encoded([sorted(content.items()), sorted(texts.items())]), *meant)


def canonical(item: Item) -> object:
    """Give an item without places, keys in the order of the file, for it may have a meaning."""
    match item:
        case Leaf():
            value = item.value
            return f"{value.normalize():f}" if isinstance(value, Decimal) else value
        case Listing():
            return [canonical(each) for each in item.items]
        case Record():
            return {"": [[key, canonical(each)] for key, each in item.items.items()]}
        case _:
            assert_never(item)


def _encoded(value: object) -> str:
    """Write plain values as JSON."""
    return msgspec.json.encode(value).decode()


def plain(value: object) -> object:
    """Give a compiled value as plain ones: rules as their text with signals written out, keys sorted."""
    match value:
        case Rule():
            return value.canonical
        case Condition():
            return value.text
        case Crossing(of=of, at=at, hysteresis=hysteresis):
            # When it turns is made of these and so says nothing more.
            return ["Crossing", [plain(of), plain(at), hysteresis]]
        case enum.Enum():
            return value.value
        case msgspec.Struct():
            value = _as_written(value) if isinstance(value, Content) else value
            # What is as it is without being written is left out, so that a release that knows of more
            # gives what was written before the same name.
            said = [(field, getattr(value, field.name)) for field in msgspec.structs.fields(type(value))]
            kept = [[field.name, plain(one)] for field, one in said if not _is_usual(one, field)]
            return [_FIRST_NAMES.get(type(value), type(value).__name__), kept]
        case Mapping():
            return sorted([str(plain(key)), plain(part)] for key, part in value.items())
        case tuple() | list():
            return [plain(part) for part in value]
        case _:
            return value


def _as_written(content: Content) -> Content:
    """Give a content without what a compiler made of it: the next release may make another text of it."""
    return msgspec.structs.replace(content, html="", text="") if content.written else content


def _is_usual(value: object, field: msgspec.structs.FieldInfo) -> bool:
    """Whether a field has the value it has when nothing is written."""
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return field.default is not msgspec.NODEFAULT and value == field.default
