"""Schemas of prompts: what pages, servers and bots ask for somebody who looks, and what they are answered.

The shape of what is drawn is made of the code that makes it, so it cannot be another.
"""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.catalog.plans import BillingInterval
from upsell.channels.prompt_view import PromptView
from upsell.channels.stripe_foresight import Outlook
from upsell.decisions.lineup import ListedPlan
from upsell.decisions.reach import CHANNELS
from upsell.runtime.answering import Act
from upsell.signals.cart import MOST_LINES
from upsell.sources.bounds import LONGEST_NAME
from upsell.store.keys import Scope
from upsell.web.api.cart_body import MOST_MONEY, MOST_PIECES, MOST_SOLD_OUT
from upsell.web.api.schemas import KEYS, REFUSED, Schema, body, refusal, response

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
_ABSENT: Final[Schema] = {"type": "null"}
_WORD: Final[Schema] = {"type": "string", "maxLength": LONGEST_NAME}
ASKER: Final[Schema] = {
    "token": {
        "anyOf": [{"type": "string", "maxLength": 4_096}, _ABSENT],
        "description": "Made by your server: who looks. A server key may say userId instead.",
    },
    "userId": {"anyOf": [_NAME, _ABSENT], "description": "Id of the customer; of a server only."},
    "accountId": {"anyOf": [_NAME, _ABSENT], "description": "Id of their account; of a server only."},
    "anonymousId": {
        "anyOf": [_NAME, _ABSENT],
        "description": "Id of a visitor's device, where nobody is known yet; needs no token.",
    },
}
"""Who asks, in a body."""

_MONEY: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": MOST_MONEY}
_CART: Final[Schema] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "maxItems": MOST_LINES,
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": _NAME,
                            "quantity": {"type": "integer", "minimum": 1, "maximum": MOST_PIECES},
                            "price": {
                                "anyOf": [_MONEY, _ABSENT],
                                "description": "Of one, in minor units; absent is the catalog's.",
                            },
                        },
                        "required": ["id"],
                        "additionalProperties": False,
                    },
                },
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "total": {"anyOf": [_MONEY, _ABSENT], "description": "What it comes to, in minor units."},
                "soldOut": {
                    "type": "array",
                    "maxItems": MOST_SOLD_OUT,
                    "items": _NAME,
                    "description": "Items that cannot be had now.",
                },
            },
            "required": ["items", "currency"],
            "additionalProperties": False,
        },
        _ABSENT,
    ],
    "description": "What lies in their cart now; what is offered is for it.",
}
_CONTEXT: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    "description": "What else is known at that moment; triggers can ask it.",
}
_ASKED: Final[Schema] = {
    "context": _CONTEXT,
    "locale": {**_WORD, "description": "What somebody reads, such as de-AT."},
    "messageId": {"anyOf": [_NAME, _ABSENT], "description": "Told again under it, it is one request."},
}
_PROMPT: Final[Schema] = {"anyOf": [{"$ref": "#/components/schemas/PromptView"}, _ABSENT]}
ASKS = (
    f"Needs a key with the scope `{Scope.PROMPTS.value}` and a token or an anonymousId, or one with "
    f"`{Scope.DECISIONS.value}`."
)
"""What is needed to ask for somebody."""

_STATED: Final[Schema] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "As it is shown; unknown where the catalog does not say."},
        "amount": {"type": ["number", "null"], "description": "Minor units of the currency, or how much."},
    },
    "required": ["text", "amount"],
    "additionalProperties": False,
}
_LISTED_PLAN: Final[Schema] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "tier": {"type": "integer"},
        "currency": {"type": "string"},
        "prices": {
            "type": "object",
            "properties": {interval.value: _STATED for interval in BillingInterval},
            "required": [interval.value for interval in BillingInterval],
            "additionalProperties": False,
        },
        "features": {"type": "array", "items": {"type": "string"}},
        "limits": {"type": "object", "additionalProperties": _STATED},
        "is_present": {"type": "boolean"},
        "is_fitting": {"type": "boolean"},
        "is_offered": {"type": "boolean"},
    },
    "required": list(ListedPlan.__struct_fields__),
    "additionalProperties": False,
}


_TOLD: Final[Schema] = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "words": {"type": "string"},
    },
    "required": ["code", "message"],
}


def prompt_paths() -> Schema:
    """Describe the routes that pages and servers ask for somebody who looks."""
    return {
        "/v1/decide": {"post": _decide()},
        "/v1/prompts": {"post": _prompts()},
        "/v1/prompts/live": {"post": _live()},
        "/v1/prompts/accepted": {
            "post": _accept("accepted", "Take an offer at the terms its prompt showed.")
        },
        "/v1/prompts/asked": {"post": _ask_colleagues()},
        "/v1/prompts/charges": {"post": _charges()},
        "/v1/accept": {"post": _accept("accept", "Take an offer for whom a server names.")},
        "/v1/prompts/{act}": {"post": _answers()},
        "/v1/can": {"post": _can()},
    }


def prompt_components() -> Schema:
    """Describe what is drawn."""
    _, components = msgspec.json.schema_components([PromptView], ref_template="#/components/schemas/{name}")
    # In JSON there are lists alone.
    said: Schema = msgspec.json.decode(msgspec.json.encode(components))
    return said


def _prompts() -> Schema:
    schema = {
        "type": "object",
        "properties": {**ASKER, "placement": _NAME, "cart": _CART, **_ASKED},
        "required": ["placement"],
        "additionalProperties": False,
    }
    return {
        "operationId": "prompts",
        "summary": "Decide what a page shows at a placement.",
        "description": ASKS,
        "security": KEYS,
        "requestBody": body(schema, {"userId": "ann", "placement": "usage-page", "locale": "en-GB"}),
        "responses": {"200": response("What to show, or null.", _told({"prompt": _PROMPT})), **_refusals()},
    }


def _can() -> Schema:
    schema = {
        "type": "object",
        "properties": {**ASKER, "feature": _NAME, "placement": {"anyOf": [_NAME, _ABSENT]}, **_ASKED},
        "required": ["feature"],
        "additionalProperties": False,
    }
    answered = {"allowed": {"type": "boolean"}, "plan": {"type": "string"}, "prompt": _PROMPT}
    return {
        "operationId": "can",
        "summary": "Say whether a feature may be used, and what to show where it may not.",
        "description": f"Without a placement it is the feature's name. {ASKS}",
        "security": KEYS,
        "requestBody": body(schema, {"userId": "ann", "feature": "sso"}),
        "responses": {"200": response("Whether it may be used.", _told(answered)), **_refusals()},
    }


def _answers() -> Schema:
    schema = {
        "type": "object",
        "properties": {
            **ASKER,
            "key": {**_NAME, "description": "The prompt's key."},
            "id": {**_NAME, "description": "Told again under it, it is one answer."},
            "answer": {"enum": ["not_now", "never"], "description": "Of a decline: how it is meant."},
            "reason": {**_WORD, "description": "Of a decline: what speaks against the offer."},
            "feature": {**_WORD, "description": "Of a decline: what is missing."},
        },
        "required": ["key", "id"],
        "additionalProperties": False,
    }
    heard = {"type": "object", "properties": {"heard": {"const": True}}, "required": ["heard"]}
    acts = [act.value for act in Act]
    return {
        "operationId": "answers",
        "summary": "Take what became of a prompt.",
        "description": ASKS,
        "security": KEYS,
        "parameters": [
            {
                "name": "act",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "enum": acts},
                "example": acts[0],
            }
        ],
        "requestBody": body(schema, {"userId": "ann", "key": "5f0c", "id": "1"}),
        "responses": {
            "200": response("It is committed.", heard),
            "404": refusal("There is no such answer."),
            **_refusals(),
        },
    }


def _charges() -> Schema:
    schema = {
        "type": "object",
        "properties": {
            **ASKER, "key": _NAME, "locale": {"type": "string", "maxLength": LONGEST_NAME},
        },
        "required": ["key"],
        "additionalProperties": False,
    }  # fmt: skip
    amount = {"type": ["integer", "null"], "description": "In minor units, with tax."}
    said = {
        "key": {"type": "string"},
        "outlook": {"enum": ["none", *(each.value for each in Outlook)]},
        "lines": {"type": "array", "items": {"type": "string"}},
        "now": amount,
        "next": amount,
        "nextAt": {"type": ["string", "null"], "format": "date-time"},
        "currency": {"type": "string"},
        "approval": {"type": "boolean", "description": "Whether somebody of the team approves it first."},
    }
    told = {"type": "object", "properties": said, "required": list(said), "additionalProperties": False}
    return {
        "operationId": "charges",
        "summary": "Say what taking an offer would cost, by billing's own reckoning.",
        "description": f"Nothing is taken, and nothing is invented: `silent` is that billing does not "
        f"answer. {ASKS}",
        "security": KEYS,
        "requestBody": body(schema, {"userId": "ann", "key": "k1"}),
        "responses": {
            "200": response("What is known.", told),
            **_refusals(),
            "400": response("It is over, or the body is none.", _TOLD),
            "403": response("It is not theirs to accept, or the key is not for this.", _TOLD),
            "404": response("Nothing was shown under the key.", _TOLD),
        },
    }


def _accept(name: str, summary: str) -> Schema:
    schema = {
        "type": "object",
        "properties": {
            **ASKER,
            "key": _NAME,
            "price": {"type": ["integer", "null"], "description": "In minor units, as it was stated."},
            "currency": {"type": "string", "maxLength": 3},
            "locale": {"type": "string", "maxLength": LONGEST_NAME},
        },
        "required": ["key", "price", "currency"],
        "additionalProperties": False,
    }
    answered = {"key": {"type": "string"}, "state": {"type": "string"}, "message": {"type": "string"}}
    change = {
        "$ref": "#/components/schemas/CartChange",
        "description": "What the shop takes out of the cart and puts in; there where a cart was asked for.",
    }
    pay = {
        "type": "object",
        "description": "Where the customer is to pay before it is theirs, and what the button says.",
        "properties": {"label": {"type": "string"}, "url": {"type": "string", "format": "uri"}},
        "required": ["label", "url"],
        "additionalProperties": False,
    }
    example = {"userId": "ann", "key": "k1", "price": 13_410, "currency": "USD"}
    told = "Told again, it is one order; what is refused says why to the customer in `words`. "
    return _taken(name, summary, (told, schema, answered, {"cart": change, "pay": pay}, example))


def _ask_colleagues() -> Schema:
    schema = {
        "type": "object",
        "properties": {
            **ASKER,
            "key": _NAME,
            "because": {"type": "string", "maxLength": LONGEST_NAME, "description": "Said to them."},
            "locale": {"type": "string", "maxLength": LONGEST_NAME},
        },
        "required": ["key"],
        "additionalProperties": False,
    }
    answered = {"asked": {"type": "integer"}, "message": {"type": "string"}}
    example = {"userId": "ann", "key": "k1", "because": "We need it for the fair."}
    told = "For whoever may not accept for their account: those who may are mailed, each once. "
    return _taken("asked", "Ask those who may accept for the account.", (told, schema, answered, {}, example))


def _taken(name: str, summary: str, said: tuple[str, Schema, Schema, Schema, Schema]) -> Schema:
    """Describe what a customer says about an offer and is answered."""
    told, schema, answered, at_times, example = said
    taken = {
        "type": "object",
        "properties": {**answered, **at_times},
        "required": list(answered),
        "additionalProperties": False,
    }
    return {
        "operationId": name,
        "summary": summary,
        "description": told
        + (ASKS if name != "accept" else f"Needs a server key with the scope `{Scope.DECISIONS.value}`."),
        "security": KEYS,
        "requestBody": body(schema, example),
        "responses": {
            "200": response("It is written down.", taken),
            **_refusals(),
            **{
                status: response(said, _TOLD)
                for status, said in (
                    (
                        "400",
                        "It is over, the price is another, it could not be made so, or the body is none.",
                    ),
                    ("403", "It is not theirs to accept, or the key is not for this."),
                    ("404", "Nothing was shown under the key."),
                )
            },
        },
    }


def _live() -> Schema:
    schema = {
        "type": "object",
        "properties": {"token": {"type": "string", "maxLength": 4_096}},
        "required": ["token"],
        "additionalProperties": False,
    }
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    return {
        "operationId": "live",
        "summary": "Hear when to ask for prompts again, by server-sent events.",
        "description": "`event: changed` says that something changed for whoever looks. Lines with a colon "
        f"before them say that the connection stands. It ends after an hour, or with the server. {ASKS}",
        "security": KEYS,
        "requestBody": body(schema, {"token": "made.by.your-server"}),
        "responses": {"200": {"description": "The events.", "content": stream}, **_refusals()},
    }


def _told(said: Schema) -> Schema:
    properties = {"id": {"type": "string", "description": "Of the request."}, **said}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _refusals() -> Schema:
    return {status: refusal(said) for status, said in REFUSED.items()}


def _decide() -> Schema:
    schema = {
        "type": "object",
        "properties": {
            "placement": {"anyOf": [_NAME, _ABSENT], "description": "Where it is shown; this or channel."},
            "channel": {
                "anyOf": [{"type": "string", "enum": list(CHANNELS)}, _ABSENT],
                "description": "By which channel the team's own system is about to tell it.",
            },
            "userId": {"anyOf": [_NAME, _ABSENT], "description": "Id of the customer who looks."},
            "accountId": {"anyOf": [_NAME, _ABSENT], "description": "Id of the account; userId or this."},
            "context": _CONTEXT,
            "cart": _CART,
            "messageId": {
                "anyOf": [_NAME, _ABSENT],
                "description": "Told again under it, it is one request.",
            },
            "locale": {**_WORD, "description": "What they read, such as de-AT; else what their traits say."},
            "dryRun": {"type": "boolean", "description": "Answer and record nothing."},
        },
        "additionalProperties": False,
    }
    answered = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "at": {"type": "string"},
            "unit": {"type": "string"},
            "dry_run": {"type": "boolean"},
            "prompt": {
                "type": ["object", "null"],
                "properties": {"view": {"$ref": "#/components/schemas/PromptView"}},
                "description": "For machines; `view` is what is said to people.",
            },
            "plans": {"type": "array", "items": _LISTED_PLAN},
            "reasons": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["id", "at", "unit", "dry_run", "prompt", "plans", "reasons"],
        "additionalProperties": False,
    }
    return {
        "operationId": "decide",
        "summary": "Decide what may be shown at a placement or told by a channel, or say why nothing.",
        "description": f"Needs a server key with the scope `{Scope.DECISIONS.value}`.",
        "security": KEYS,
        "requestBody": body(schema, {"userId": "ann", "placement": "usage-page"}),
        "responses": {
            "200": response("The prompt, or the reasons; recorded unless it was a dry run.", answered),
            **{status: refusal(said) for status, said in REFUSED.items() if status != "429"},
        },
    }
