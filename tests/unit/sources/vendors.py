"""Vendors: bodies as each of them documents what it sends, and proofs made as each documents its own.

The proofs are made here with the standard library alone, step by step as the vendor's page says, so that they
are an oracle for what the program checks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from tests.stories.world import START
from tests.stripe_world import stripe_example
from tests.unit.sources.rows import query_example
from upsell.clock import HOUR, SECOND, format_moment
from upsell.sources.definitions import read_source, read_sources
from upsell.sources.kafka import KafkaSource
from upsell.sources.source import Delivery, Source
from upsell.testing.contract import UNKNOWN, Example
from upsell.workspace.findings import Findings

SECRET: Final = "correct-horse-battery"
NOW: Final = START
URL: Final = "https://events.acme.example/hooks/hubspot"

KAFKA_RULES: Final = """
kafka:
  servers: a:9092
  topics: [events]
  start: earliest
  account: headers.kafka_key
  rules:
    - {when: "body.op == 'd'", ignore: deletions}
    - {when: "body.op == 'c'", event: Order Placed, properties: {total: body.total, kind: headers.x_kind}}
"""

Seal = Callable[[Delivery], Delivery]


def open_recipe(name: str, more: str = "", secret: str = SECRET) -> Source:
    """Open a recipe as a workspace's source, with its secret."""
    findings = Findings()
    text = f"webhook:\n  recipe: {name}\n{more}"
    definition = read_source(f"sources/{name}.yaml", name, text, findings)
    assert definition is not None, findings.in_order()
    return definition.open({definition.settings[0]: secret})


def _with(delivery: Delivery, **headers: str) -> Delivery:
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    return msgspec.structs.replace(delivery, headers={**delivery.headers, **named})


def _without(*names: str) -> Seal:
    def strip(delivery: Delivery) -> Delivery:
        kept = {name: said for name, said in delivery.headers.items() if name not in names}
        return msgspec.structs.replace(delivery, headers=kept)

    return strip


def _hmac(hash_name: str, content: bytes) -> bytes:
    return hmac.new(SECRET.encode(), content, hash_name).digest()


def seal_zendesk(delivery: Delivery) -> Delivery:
    """Sign as Zendesk: base64(HMACSHA256(timestamp + body))."""
    stamp = format_moment(NOW)
    signed = base64.b64encode(_hmac("sha256", stamp.encode() + delivery.body)).decode()
    return _with(delivery, x_zendesk_webhook_signature=signed, x_zendesk_webhook_signature_timestamp=stamp)


def seal_intercom(delivery: Delivery) -> Delivery:
    """Sign as Intercom: sha1= and the hex of HMAC-SHA1 by the client secret."""
    return _with(delivery, x_hub_signature="sha1=" + _hmac("sha1", delivery.body).hex())


def seal_shopify(delivery: Delivery) -> Delivery:
    """Sign as Shopify: base64 of HMAC-SHA256 over the body."""
    return _with(delivery, x_shopify_hmac_sha256=base64.b64encode(_hmac("sha256", delivery.body)).decode())


def seal_basic(delivery: Delivery) -> Delivery:
    """Show Basic authorization, as Chargebee does."""
    return _with(delivery, authorization="Basic " + base64.b64encode(SECRET.encode()).decode())


def seal_paddle(delivery: Delivery) -> Delivery:
    """Sign as Paddle: ts=..;h1=hex of HMAC-SHA256 over ts:body."""
    stamp = str(NOW // SECOND)
    return _with(
        delivery,
        paddle_signature=f"ts={stamp};h1={_hmac('sha256', stamp.encode() + b':' + delivery.body).hex()}",
    )


def seal_hubspot_workflow(delivery: Delivery) -> Delivery:
    """Sign as HubSpot's workflows (v2): hex of SHA-256 over secret + method + address + body."""
    signed = hashlib.sha256(SECRET.encode() + b"POST" + URL.encode() + delivery.body).hexdigest()
    return _with(delivery, x_hubspot_signature=signed)


def seal_delighted(delivery: Delivery) -> Delivery:
    """Sign as Delighted: sha256= and the hex of HMAC-SHA256 by the API key."""
    return _with(delivery, x_delighted_webhook_signature="sha256=" + _hmac("sha256", delivery.body).hex())


def seal_slack(delivery: Delivery) -> Delivery:
    """Sign as Slack: v0= and the hex of HMAC-SHA256 over v0:time:body by the signing secret."""
    stamp = str(NOW // SECOND)
    signed = _hmac("sha256", b"v0:" + stamp.encode() + b":" + delivery.body).hex()
    return _with(delivery, x_slack_signature=f"v0={signed}", x_slack_request_timestamp=stamp)


def slack_press(action: str, value: str = "acme", kind: str = "block_actions") -> dict[str, Any]:
    """Write what Slack sends when somebody presses a button."""
    pressed = {"type": "button", "action_id": action, "block_id": "k1", "value": value}
    return {
        "type": kind,
        "user": {"id": "U7", "username": "ana"},
        "channel": {"id": "C1"},
        "actions": [pressed | {"action_ts": f"{NOW // SECOND}.000{len(action)}"}],
    }


def form(body: Any) -> Delivery:
    """Write a body as Slack sends it: JSON in the field payload of a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Delivery(urlencode({"payload": json.dumps(body)}).encode(), headers, url=URL)


def seal_stigg(delivery: Delivery) -> Delivery:
    """Show the webhook's secret, as Stigg does."""
    return _with(delivery, stigg_webhooks_secret=SECRET)


def _json(body: Any, **headers: str) -> Delivery:
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    return Delivery(json.dumps(body).encode(), named, url=URL)


def zendesk_event(kind: str, **changed: Any) -> dict[str, Any]:
    """Write an event of Zendesk's; ``changed`` is of its detail, or ``event``."""
    return {
        "account_id": 22129848,
        "detail": {
            "actor_id": "8447388090494",
            "brand_id": "361555",
            "created_at": "2026-01-05T08:00:00Z",
            "id": "5158",
            "is_public": True,
            "organization_id": "8447346621310",
            "priority": "LOW",
            "requester_id": "8447388090494",
            "status": "OPEN",
            "subject": "Printer is on fire",
            "tags": ["printer"],
            "type": "TASK",
            "updated_at": "2026-01-05T08:00:00Z",
            "via": {"channel": "web_service"},
        }
        | {key: said for key, said in changed.items() if key != "event"},
        "event": changed.get("event", {"meta": {"sequence": {"id": "01", "position": 1, "total": 1}}}),
        "id": f"cbe4028c-7239-495d-b020-{kind[:12]}",
        "subject": "zen:ticket:5158",
        "time": "2026-01-05T08:17:32.653617Z",
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-11-06",
    }


def intercom_event(topic: str, number: str, **changed: Any) -> dict[str, Any]:
    """Write a notification of Intercom's; ``changed`` is of its item."""
    return {
        "type": "notification_event",
        "app_id": "abc123",
        "topic": topic,
        "id": f"notif_{number}",
        "created_at": NOW // SECOND,
        "delivery_attempts": 1,
        "data": {
            "type": "notification_event_data",
            "item": {
                "type": "conversation",
                "id": "147",
                "priority": "not_priority",
                "contacts": {
                    "type": "contact.list",
                    "contacts": [{"type": "contact", "id": "5f7f0d217289f8d2f4262080", "external_id": "ada"}],
                },
                **changed,
            },
        },
    }


def shopify_order(**changed: Any) -> dict[str, Any]:
    """Write an order of Shopify's."""
    return {
        "id": 820982911946154508,
        "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
        "created_at": "2026-01-04T16:09:54-05:00",
        "processed_at": "2026-01-04T16:10:00-05:00",
        "updated_at": "2026-01-04T16:20:00-05:00",
        "cancelled_at": None,
        "currency": "USD",
        "total_price": "403.00",
        "customer": {"id": 115310627314723954, "email": "john@example.com"},
        "fulfillments": [],
        "line_items": [
            {
                "id": 866550311766439020,
                "product_id": 788032119674292922,
                "sku": "SKU2006-001",
                "quantity": 2,
                "price": "199.00",
                "price_set": {"shop_money": {"amount": "199.00", "currency_code": "USD"}},
            },
            {
                "id": 141249953214522974,
                "product_id": 632910392,
                "sku": "",
                "quantity": 1,
                "price": "5.00",
                "price_set": {"shop_money": {"amount": "5.00", "currency_code": "USD"}},
            },
        ],
        **changed,
    }


def chargebee_event(kind: str, number: str, **changed: Any) -> dict[str, Any]:
    """Write an event of Chargebee's; ``changed`` is of its subscription, or ``content``."""
    subscription = {
        "id": "169lnASzhOWay1EQN",
        "object": "subscription",
        "customer_id": "acme",
        "status": "active",
        "billing_period": 1,
        "billing_period_unit": "month",
        "currency_code": "EUR",
        "next_billing_at": NOW // SECOND + 2_592_000,
        "mrr": 6_000,
        "subscription_items": [
            {"item_price_id": "pro-EUR-Monthly", "item_type": "plan", "quantity": 3, "amount": 6_000},
            {"item_price_id": "setup-EUR", "item_type": "charge", "quantity": 1, "amount": 9_900},
        ],
    }
    content = changed.pop("content", None) or {"subscription": subscription | changed}
    return {
        "id": f"ev_16BvCalNWuPqh{number}",
        "occurred_at": NOW // SECOND,
        "source": "admin_console",
        "object": "event",
        "api_version": "v2",
        "event_type": kind,
        "webhook_status": "not_applicable",
        "content": content,
    }


def paddle_event(kind: str, number: str, **changed: Any) -> dict[str, Any]:
    """Write an event of Paddle's; ``changed`` is of its subscription."""
    return {
        "event_id": f"evt_01hv8x2acma2gz7he8kg2s{number}",
        "event_type": kind,
        "occurred_at": "2026-01-05T10:18:49.621022Z",
        "notification_id": "ntf_01hv8x2af22vrrz7k67g06x1kq",
        "data": {
            "id": "sub_01hv8x29kz0t586xy6zn1a62ny",
            "status": "active",
            "customer_id": "ctm_01hv6y1jedq4p1n0yqn5ba3ky4",
            "currency_code": "USD",
            "billing_cycle": {"interval": "month", "frequency": 1},
            "current_billing_period": {
                "starts_at": "2026-01-05T10:18:47.635628Z",
                "ends_at": "2026-02-05T10:18:47.635628Z",
            },
            "next_billed_at": "2026-02-05T10:18:47.635628Z",
            "discount": None,
            "custom_data": {"account_id": "acme"},
            "items": [
                {
                    "price": {
                        "id": "pri_01gsz8x8sawmvhz1pv30nge1ke",
                        "unit_price": {"amount": "3000", "currency_code": "USD"},
                        "billing_cycle": {"interval": "month", "frequency": 1},
                        "custom_data": None,
                    },
                    "quantity": 10,
                    "recurring": True,
                },
                {
                    "price": {"id": "pri_once", "unit_price": {"amount": "19900", "currency_code": "USD"}},
                    "quantity": 1,
                    "recurring": False,
                },
            ],
            **changed,
        },
    }


def hubspot_deal(stage: str, at: int = NOW, **changed: Any) -> dict[str, Any]:
    """Write a deal as HubSpot's workflows send it; ``changed`` are other properties."""
    values = {"dealname": "Acme, 50 seats", "amount": "1200.50", "deal_currency_code": "EUR"}
    values |= {"account_id": "acme", **changed}
    held = {name: {"value": said, "source": "CRM_UI"} for name, said in values.items()}
    return {
        "portalId": 62515,
        "dealId": 18499629,
        "isDeleted": False,
        "associations": {"associatedVids": [], "associatedCompanyIds": [184896670]},
        "properties": {**held, "dealstage": {"value": stage, "timestamp": at // 1_000, "source": "CRM_UI"}},
    }


def delighted_answer(kind: str, score: int, number: str, **changed: Any) -> dict[str, Any]:
    """Write an answer as Delighted sends it."""
    return {
        "event_type": kind,
        "event_id": f"b8d057c59327541d7ec2104c0a9a255ad1997fb00831b9c6bbf09561e6d5{number}",
        "event_data": {
            "id": "5435",
            "person": {"id": "5975", "email": "charlie_gravis@example.com", "name": "Charlie Gravis"},
            "survey_type": "nps",
            "score": score,
            "comment": None,
            "created_at": NOW // SECOND - 60,
            "updated_at": NOW // SECOND,
            "person_properties": {"customer_id": "ada"},
            "tags": [],
            **changed,
        },
    }


def stigg_usage(percentage: int, number: str, **changed: Any) -> dict[str, Any]:
    """Write how much of a limit is used, as Stigg does."""
    return {
        "type": "entitlement.usage_exceeded",
        "messageId": f"a6ce2605-{number}",
        "traceId": "549a",
        "timestamp": "2026-01-05T11:59:16.399Z",
        "thresholdPercentage": 80,
        "usageUsedPercentage": percentage,
        "currentUsage": 12,
        "usageLimit": 12,
        "feature": {"id": "feature-02-campaigns", "name": "Campaigns", "featureType": "NUMBER"},
        "customer": {"id": "acme", "name": "", "email": None},
        "resource": None,
        **changed,
    }


def _zendesk() -> Example:
    trigger = {
        "event": "ticket.opened",
        "ticket_id": "35436",
        "priority": "Urgent",
        "customer": "ada",
        "account": "acme",
        "at": "2026-01-05T08:17:32+01:00",
    }
    solved = {"current": "SOLVED", "previous": "OPEN"}
    return Example(
        source=open_recipe("zendesk"),
        now=NOW,
        seal=seal_zendesk,
        strip=_without("x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp"),
        makes={
            "created": (_json(zendesk_event("created")), ("Ticket Opened",)),
            "solved": (_json(zendesk_event("status_changed", event=solved)), ("Ticket Closed",)),
            "pending": (
                _json(zendesk_event("status_changed", event={"current": "PENDING", "previous": "OPEN"})),
                (),
            ),
            "comment": (_json(zendesk_event("comment_added")), ()),
            "trigger opened": (_json(trigger), ("Ticket Opened",)),
            "trigger closed": (_json({**trigger, "event": "ticket.closed"}), ("Ticket Closed",)),
        },
        unknown=json.dumps(zendesk_event(UNKNOWN)).encode(),
        other_version=json.dumps(
            {**zendesk_event("created"), "zendesk_event_version": "2031-01-01"}
        ).encode(),
        lacking=json.dumps(zendesk_event("created", requester_id=None, organization_id=None)).encode(),
    )


def _intercom() -> Example:
    nobody = {"type": "contact.list", "contacts": []}
    return Example(
        source=open_recipe("intercom"),
        now=NOW,
        seal=seal_intercom,
        strip=_without("x-hub-signature"),
        makes={
            "opened": (_json(intercom_event("conversation.user.created", "1")), ("Ticket Opened",)),
            "closed": (_json(intercom_event("conversation.admin.closed", "2")), ("Ticket Closed",)),
            "ticket": (_json(intercom_event("ticket.created", "3", type="ticket")), ("Ticket Opened",)),
            "resolved": (
                _json(intercom_event("ticket.state.updated", "4", ticket_state="resolved")),
                ("Ticket Closed",),
            ),
            "at work": (_json(intercom_event("ticket.state.updated", "5", ticket_state="in_progress")), ()),
            "replied": (_json(intercom_event("conversation.user.replied", "6")), ()),
            "ping": (_json({"type": "notification_event", "topic": "ping", "data": {}}), ()),
        },
        unknown=json.dumps(intercom_event(UNKNOWN, "7")).encode(),
        lacking=json.dumps(intercom_event("conversation.user.created", "8", contacts=nobody)).encode(),
    )


def _shopify() -> Example:
    checkout = {
        "token": "eeafa272cebfd4b22385bc4b645e762c",
        "created_at": "2026-01-05T07:00:00Z",
        "updated_at": "2026-01-05T07:05:00Z",
        "currency": "JPY",
        "total_price": "398",
        "customer": {"id": 207119551},
        "line_items": [{"sku": "A1", "quantity": 1, "product_id": 1}],
    }
    delivered = [{"id": 1, "shipment_status": "delivered", "updated_at": "2026-01-05T06:00:00Z"}]
    person = {
        "id": 207119551,
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": None,
        "updated_at": "2026-01-05T06:00:00Z",
    }
    return Example(
        source=open_recipe("shopify"),
        now=NOW,
        seal=seal_shopify,
        strip=_without("x-shopify-hmac-sha256"),
        makes={
            "paid": (_json(shopify_order(), x_shopify_topic="orders/paid"), ("Order Completed",)),
            "cancelled": (
                _json(
                    shopify_order(cancelled_at="2026-01-05T05:00:00-05:00"),
                    x_shopify_topic="orders/cancelled",
                ),
                ("Order Canceled",),
            ),
            "delivered": (
                _json(shopify_order(fulfillments=delivered), x_shopify_topic="orders/updated"),
                ("Order Delivered",),
            ),
            "on its way": (_json(shopify_order(), x_shopify_topic="orders/updated"), ()),
            "checkout": (_json(checkout, x_shopify_topic="checkouts/create"), ("Checkout Started",)),
            "cart": (_json(checkout, x_shopify_topic="checkouts/update"), ("Cart Updated",)),
            "guest": (_json(shopify_order(customer=None), x_shopify_topic="orders/paid"), ()),
            "nobody's cart": (_json({"token": "x"}, x_shopify_topic="carts/update"), ()),
            "person": (_json(person, x_shopify_topic="customers/update"), ("Customer Identified",)),
        },
    )


def _chargebee() -> Example:
    invoice = {
        "invoice": {"id": "draft_inv_1", "total": 6_000, "currency_code": "EUR", "customer_id": "acme"},
        "customer": {"id": "acme"},
    }
    return Example(
        source=open_recipe("chargebee"),
        now=NOW,
        seal=seal_basic,
        strip=_without("authorization"),
        signs_body=False,
        makes={
            "started": (_json(chargebee_event("subscription_created", "1")), ("Subscription Started",)),
            "trial": (
                _json(
                    chargebee_event(
                        "subscription_created", "2", status="in_trial", trial_end=NOW // SECOND + 86_400
                    )
                ),
                ("Trial Started",),
            ),
            "activated": (_json(chargebee_event("subscription_activated", "3")), ("Subscription Started",)),
            "changed": (_json(chargebee_event("subscription_changed", "4")), ("Subscription Changed",)),
            "renewed": (_json(chargebee_event("subscription_renewed", "5")), ("Subscription Renewed",)),
            "cancelled": (
                _json(chargebee_event("subscription_cancelled", "6", cancelled_at=NOW // SECOND)),
                ("Subscription Canceled",),
            ),
            "paid": (_json(chargebee_event("payment_succeeded", "7", content=invoice)), ("Invoice Paid",)),
            "failed": (
                _json(chargebee_event("payment_failed", "8", content=invoice)),
                ("Invoice Payment Failed",),
            ),
            "invoice": (_json(chargebee_event("invoice_generated", "9", content=invoice)), ()),
        },
        unknown=json.dumps(chargebee_event(UNKNOWN, "10")).encode(),
        other_version=json.dumps(
            chargebee_event("subscription_created", "11") | {"api_version": "v1"}
        ).encode(),
        lacking=json.dumps(chargebee_event("subscription_created", "12", customer_id=None)).encode(),
    )


def _paddle() -> Example:
    totals = {"details": {"totals": {"grand_total": "30000"}}, "id": "txn_01hv8wptq8987qeep44cyrewp9"}
    return Example(
        source=open_recipe("paddle"),
        now=NOW,
        seal=seal_paddle,
        strip=_without("paddle-signature"),
        makes={
            "created": (_json(paddle_event("subscription.created", "01")), ("Subscription Started",)),
            "trial": (
                _json(paddle_event("subscription.created", "02", status="trialing")),
                ("Trial Started",),
            ),
            "activated": (_json(paddle_event("subscription.activated", "03")), ("Subscription Started",)),
            "updated": (_json(paddle_event("subscription.updated", "04")), ("Subscription Changed",)),
            "paused": (
                _json(paddle_event("subscription.paused", "05", paused_at="2026-01-05T10:18:49Z")),
                ("Subscription Canceled",),
            ),
            "canceled": (
                _json(paddle_event("subscription.canceled", "06", canceled_at="2026-01-05T10:18:49Z")),
                ("Subscription Canceled",),
            ),
            "paid": (_json(paddle_event("transaction.completed", "07", **totals)), ("Invoice Paid",)),
            "failed": (
                _json(paddle_event("transaction.payment_failed", "08", **totals)),
                ("Invoice Payment Failed",),
            ),
            "discounted": (
                _json(paddle_event("subscription.updated", "09", discount={"id": "dsc_01"})),
                ("Subscription Changed",),
            ),
            "past due": (_json(paddle_event("subscription.past_due", "10", status="past_due")), ()),
        },
        unknown=json.dumps(paddle_event(UNKNOWN, "11")).encode(),
        lacking=json.dumps(paddle_event("subscription.created", "12", custom_data=None)).encode(),
    )


def _hubspot() -> Example:
    return Example(
        source=open_recipe("hubspot"),
        now=NOW,
        seal=seal_hubspot_workflow,
        strip=_without("x-hubspot-signature"),
        makes={
            "opened": (_json(hubspot_deal("appointmentscheduled")), ("Deal Opened",)),
            "won": (_json(hubspot_deal("closedwon")), ("Deal Closed",)),
            "lost": (_json(hubspot_deal("closedlost")), ("Deal Closed",)),
            "own stage": (
                _json(hubspot_deal("7334", hs_is_closed="true", hs_is_closed_won="true")),
                ("Deal Closed",),
            ),
            "deleted": (_json(hubspot_deal("7334") | {"isDeleted": True}), ()),
        },
        lacking=json.dumps(hubspot_deal("closedwon", account_id=None)).encode(),
    )


def _delighted() -> Example:
    return Example(
        source=open_recipe("delighted"),
        now=NOW,
        seal=seal_delighted,
        strip=_without("x-delighted-webhook-signature"),
        makes={
            "answered": (_json(delighted_answer("survey_response.created", 9, "cbd0")), ("Survey Answered",)),
            "changed": (_json(delighted_answer("survey_response.updated", 3, "cbd1")), ("Survey Answered",)),
            "left": (_json(delighted_answer("unsubscribe.created", 0, "cbd2")), ()),
        },
        unknown=json.dumps(delighted_answer(UNKNOWN, 1, "cbd3")).encode(),
        lacking=json.dumps(
            delighted_answer("survey_response.created", 9, "cbd4", person_properties=None)
        ).encode(),
    )


def _stigg() -> Example:
    denied = {"type": "entitlement.denied", "accessDeniedReason": "NoFeatureEntitlementInSubscription"}
    return Example(
        source=open_recipe("stigg"),
        now=NOW,
        seal=seal_stigg,
        strip=_without("stigg-webhooks-secret"),
        signs_body=False,
        makes={
            "reached": (_json(stigg_usage(100, "1")), ("Limit Reached",)),
            "near": (_json(stigg_usage(83, "2")), ()),
            "denied": (_json(stigg_usage(0, "3", **denied)), ("Feature Gate Hit",)),
            "updated": (_json(stigg_usage(0, "4", type="entitlements.updated")), ()),
        },
        unknown=json.dumps(stigg_usage(0, "5", type=UNKNOWN)).encode(),
        lacking=json.dumps(stigg_usage(100, "6", customer=None)).encode(),
    )


def _slack() -> Example:
    return Example(
        source=open_recipe("slack"),
        now=NOW,
        seal=seal_slack,
        strip=_without("x-slack-signature"),
        makes={
            "won": (form(slack_press("upsell:won:account")), ("Task Closed",)),
            "lost": (form(slack_press("upsell:lost:customer", "ada")), ("Task Closed",)),
            "another": (form(slack_press("poll:yes")), ()),
        },
        unknown=form(slack_press("upsell:won:account", kind=UNKNOWN)).body,
        lacking=form(slack_press("upsell:won:nobody")).body,
    )


def _kafka_calls() -> Example:
    track = {"type": "track", "event": "Order Placed", "userId": "ada"}
    dated = {**track, "timestamp": format_moment(NOW - HOUR)}
    makes = {
        "a track": (Delivery(msgspec.json.encode(dated)), ("Order Placed",)),
        "a trait": (
            Delivery(msgspec.json.encode({"type": "identify", "userId": "ada", "traits": {"a": 1}})),
            ("Customer Identified",),
        ),
    }
    unknown = msgspec.json.encode({"type": UNKNOWN, "userId": "ada"})
    return Example(source=KafkaSource("orders", ("hunter2",)), now=NOW, makes=makes, unknown=unknown)


def _kafka_rules() -> Example:
    told = Delivery(msgspec.json.encode({"op": "c", "total": 7}), {"kafka-key": "acme"})
    unknown = msgspec.json.encode({"op": UNKNOWN})
    return Example(
        source=read_sources({"sources/orders.yaml": KAFKA_RULES})["orders"].open({}),
        now=NOW,
        makes={"an order": (told, ("Order Placed",))},
        unknown=unknown,
    )


EXAMPLES: Final[Mapping[str, Callable[[], Example]]] = {
    "chargebee": _chargebee,
    "delighted": _delighted,
    "hubspot": _hubspot,
    "intercom": _intercom,
    "kafka": _kafka_calls,
    "kafka with rules": _kafka_rules,
    "paddle": _paddle,
    "query": query_example,
    "shopify": _shopify,
    "slack": _slack,
    "stigg": _stigg,
    "stripe": stripe_example,
    "zendesk": _zendesk,
}
"""Every source that must keep the contract, by name: a new recipe or sort is a line here."""
