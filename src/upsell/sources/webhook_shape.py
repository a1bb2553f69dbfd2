"""The shape of ``webhook:``: every key of it, for the reader, the JSON Schema and the reference page."""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.sources.mapping import TimeUnit
from upsell.sources.recipes import recipe_names
from upsell.sources.signatures import PRESETS, Coding, Unit
from upsell.workspace.scalars import DURATION, EVENT, NAME, SETTING, TEXT, TRAIT_NAME, of_enum, one_of
from upsell.workspace.shapes import Either, Key, ListOf, MapOf, RecordOf, Scalar, Variants


def _expression(text: str) -> str | None:
    return text.strip() or None


def _header(text: str) -> str | None:
    name = text.strip().lower()
    return name if name.replace("-", "").isalnum() and name.isascii() and len(name) <= 100 else None


EXPRESSION: Final = Scalar(
    "expression",
    "an expression in JMESPath over body, headers and item, such as body.ticket.id",
    _expression,
    {"type": "string", "minLength": 1},
)
_HEADER: Final = Scalar(
    "header", "the name of a header, such as x-signature", _header, {"type": "string", "minLength": 1}
)
_VALUE: Final = msgspec.structs.replace(
    TEXT, name="value", expected="a value that comes", takes_numbers=True, takes_booleans=True
)
_NAMED: Final = msgspec.structs.replace(TEXT, name="name", expected="what it is called here")
_TIME: Final = Either(
    scalar=EXPRESSION,
    mapping=RecordOf(
        {
            "of": Key(EXPRESSION, "expression that gives the time", True),
            "unit": Key(of_enum("unit", TimeUnit), "how it is written; iso"),
        }
    ),
)
_VALUES: Final = MapOf(EXPRESSION, "property", TRAIT_NAME)
_STAMP: Final = RecordOf(
    {
        "header": Key(_HEADER, "the header that holds it"),
        "part": Key(TEXT, "the part of the signature's own header that is it, such as t"),
        "unit": Key(of_enum("unit", Unit), "how it is written; s"),
        "tolerance": Key(DURATION, "how far it may be from now; 5 minutes"),
    }
)
_HMAC: Final = RecordOf(
    {
        "header": Key(_HEADER, "the header that holds the hash", True),
        "hash": Key(one_of("hash", "sha1", "sha256", "sha512"), "which hash; sha256"),
        "coding": Key(of_enum("coding", Coding), "how it is written; hex"),
        "prefix": Key(TEXT, "what stands before it, such as sha256="),
        "signed": Key(
            TEXT,
            "what is hashed, of {body}, {timestamp}, {id}, {method}, {url} and {secret}; without it {body}",
        ),
        "between": Key(TEXT, "what parts the header's value into several"),
        "part": Key(TEXT, "which of its parts name=value are hashes, such as v1"),
        "timestamp": Key(_STAMP, "the time that is signed; without it no request is too old"),
        "id_header": Key(_HEADER, "the header that holds the {id} of the delivery"),
        "key": Key(one_of("key", "text", "base64"), "how the secret is written; text"),
    }
)
_SHOWN: Final = RecordOf(
    {
        "header": Key(_HEADER, "the header that holds the secret"),
        "prefix": Key(TEXT, "what stands before it there"),
        "query": Key(TEXT, "the name under which the address holds it, in place of header"),
    }
)
_SIGNATURE: Final = Either(
    scalar=one_of("scheme", *PRESETS),
    mapping=Variants(
        {
            "hmac": RecordOf({"hmac": Key(_HMAC, "a keyed hash in a header", True)}),
            "shown": RecordOf({"shown": Key(_SHOWN, "the secret itself, over HTTPS", True)}),
        }
    ),
)
_RULE: Final = RecordOf(
    {
        "when": Key(EXPRESSION, "for which bodies or items it holds; without it for all"),
        "ignore": Key(TEXT, "why these are of no use: they are counted and make nothing"),
        "event": Key(
            Either(
                scalar=EVENT,
                mapping=RecordOf(
                    {
                        "of": Key(EXPRESSION, "expression that gives the name", True),
                        "names": Key(
                            MapOf(EVENT, "value", _VALUE),
                            "what a value is called here; others are kept aside",
                        ),
                    }
                ),
            ),
            "name of the event, or where it is read",
        ),
        "customer_traits": Key(_VALUES, "traits of the customer it tells, in place of event"),
        "account_traits": Key(_VALUES, "traits of the account it tells, in place of event"),
        "customer": Key(EXPRESSION, "expression that gives the customer's id; the webhook's"),
        "account": Key(EXPRESSION, "expression that gives the account's id; the webhook's"),
        "role": Key(EXPRESSION, "role, or list of roles, that the customer has in the account"),
        "occurred_at": Key(_TIME, "when it happened; the webhook's"),
        "id": Key(EXPRESSION, "the vendor's own id of what happened; the webhook's"),
        "properties": Key(_VALUES, "properties of the event"),
    }
)
_VERSION: Final = RecordOf(
    {
        "of": Key(EXPRESSION, "expression that gives the version of the body", True),
        "accepted": Key(ListOf(_VALUE, least=1), "the versions that the rules know", True),
    }
)
RULE_KEYS: Final = {
    "version": Key(_VERSION, "which versions of the vendor's bodies are known; without it any"),
    "kind": Key(EXPRESSION, "expression that says of which kind a body is, for what is kept aside"),
    "items": Key(EXPRESSION, "expression that gives a list, where a body tells several things"),
    "customer": Key(EXPRESSION, "expression that gives the customer's id, where a rule has none"),
    "account": Key(EXPRESSION, "expression that gives the account's id, where a rule has none"),
    "occurred_at": Key(_TIME, "when it happened, where a rule does not say; else when it came"),
    "id": Key(EXPRESSION, "the vendor's own id of what happened, where a rule has none"),
    "names": Key(
        MapOf(MapOf(_NAMED, "value", _VALUE), "property", TRAIT_NAME),
        "by property or trait, what a value of the vendor's is called here, such as a plan; others stay",
    ),
    "rules": Key(ListOf(_RULE), "what becomes of bodies; every rule that holds makes one thing"),
}
"""The keys by which bodies are read, of whatever sort of source they come."""

SHAPE: Final = RecordOf(
    {
        "recipe": Key(
            one_of("recipe", *recipe_names()),
            "a ready source; what is written beside it goes before it, and its rules hold besides",
        ),
        "path": Key(NAME, "where it takes requests: /hooks/ and this; without it the file's name"),
        "secrets": Key(
            ListOf(SETTING, least=1),
            "variables that hold its secret, several while one is changed; without it UPSELL_SECRET_ and the "
            "file's name",
        ),
        "signature": Key(_SIGNATURE, "how a request proves itself"),
        **RULE_KEYS,
    }
)
"""Every key of a webhook."""
