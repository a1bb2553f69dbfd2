"""Schemas of pushes: what pages and apps tell of the devices on which somebody sees notifications."""

from __future__ import annotations

from typing import Final

from upsell.store.keys import Scope
from upsell.web.api.prompt_schemas import ASKER, ASKS
from upsell.web.api.push import MOST_WORDS
from upsell.web.api.schemas import KEYS, REFUSED, Schema, body, refusal, response

_TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 4_096}
_DEVICE: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "What was answered when the device was told of.",
}
_SUBSCRIPTION: Final[Schema] = {
    "type": "object",
    "properties": {
        "endpoint": {**_TEXT, "description": "Of a browser maker's push service."},
        "keys": {
            "type": "object",
            "properties": {"p256dh": _TEXT, "auth": _TEXT},
            "required": ["p256dh", "auth"],
        },
    },
    "required": ["endpoint", "keys"],
    "description": "As PushSubscription.toJSON() gives it.",
}
_AGREED: Final[Schema] = {
    "type": "object",
    "properties": {
        "words": {"type": "string", "maxLength": MOST_WORDS, "description": "What they read."},
        "lang": {"type": "string", "maxLength": 35},
    },
    "additionalProperties": False,
    "description": "That they just agreed: Consent Given. Absent where a device is only told of again.",
}
_KEPT: Final[Schema] = {
    "type": "object",
    "properties": {"device": {"type": "string"}},
    "required": ["device"],
    "additionalProperties": False,
}
_EXAMPLE: Final[Schema] = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/example",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
"""The keys are those that RFC 8291 publishes."""


def push_paths() -> Schema:
    """Describe the routes of devices."""
    return {
        "/v1/push/key": {"get": _key()},
        "/v1/push/subscriptions": {"post": _subscriptions()},
        "/v1/push/subscriptions/renewed": {"post": _renewed()},
        "/v1/push/subscriptions/ended": {"post": _ended()},
    }


def _key() -> Schema:
    said = {
        "type": "object",
        "properties": {"publicKey": {"type": "string"}},
        "required": ["publicKey"],
        "additionalProperties": False,
    }
    return {
        "operationId": "pushKey",
        "summary": "Give the key that pages subscribe browsers with.",
        "description": "It is public and needs no key.",
        "responses": {
            "200": response("The key, in base64url.", said),
            "404": refusal("No browser is reached from here."),
        },
    }


def _subscriptions() -> Schema:
    schema = {
        "type": "object",
        "properties": {
            **ASKER,
            "subscription": {"anyOf": [_SUBSCRIPTION, {"type": "null"}]},
            "app": {
                "anyOf": [_TEXT, {"type": "null"}],
                "description": "The token of an app, instead of a subscription.",
            },
            "agreed": {"anyOf": [_AGREED, {"type": "null"}]},
        },
        "additionalProperties": False,
    }
    return {
        "operationId": "subscribe",
        "summary": "Keep a browser or an app on which somebody sees notifications.",
        "description": f"Told again it is one; it is theirs of whom it is told last. {ASKS}",
        "security": KEYS,
        "requestBody": body(schema, {"userId": "ann", "subscription": _EXAMPLE}),
        "responses": {
            "200": response("It is kept.", _KEPT),
            **_refusals(),
            "400": refusal("It could not be reached from here, or the body is none."),
        },
    }


def _renewed() -> Schema:
    schema = {
        "type": "object",
        "properties": {"device": _DEVICE, "subscription": _SUBSCRIPTION},
        "required": ["device", "subscription"],
        "additionalProperties": False,
    }
    return {
        "operationId": "renewSubscription",
        "summary": "Put a browser's subscription in the place of the one before.",
        "description": f"For a service worker. Needs a key with the scope `{Scope.PROMPTS.value}`.",
        "security": KEYS,
        "requestBody": body(schema, {"device": "Fmd0", "subscription": _EXAMPLE}),
        "responses": {
            "200": response("It is kept.", _KEPT),
            **_refusals(),
            "400": refusal("It could not be reached from here, or the body is none."),
            "404": refusal("The device is none that is kept."),
        },
    }


def _ended() -> Schema:
    schema = {
        "type": "object",
        "properties": {"device": _DEVICE},
        "required": ["device"],
        "additionalProperties": False,
    }
    heard = {"type": "object", "properties": {"heard": {"const": True}}, "required": ["heard"]}
    return {
        "operationId": "endSubscription",
        "summary": "Forget a device.",
        "description": f"Nothing is said of consent. Needs a key with the scope `{Scope.PROMPTS.value}`.",
        "security": KEYS,
        "requestBody": body(schema, {"device": "Fmd0"}),
        "responses": {
            "200": response("It is forgotten.", heard),
            **_refusals(),
            "404": refusal("The device is none."),
        },
    }


def _refusals() -> Schema:
    return {status: refusal(said) for status, said in REFUSED.items()}
