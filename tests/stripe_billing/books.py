"""The books of the Stripe of our own: invoices, what paid them, and what was given back of it.

It keeps an invoice for every change that is invoiced at once and for every renewal, pays it by one charge,
puts what is negative to the customer's balance, as docs.stripe.com/invoicing/customer/balance says, and gives
no more of a charge back than was paid.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
OBJECTS: dict[str, Any] = json.loads((_HERE / "objects.json").read_text())["resources"]
OBJECTS["invoice"].pop("subscription")  # which API versions since 2025-03-31 (basil) answer no more
_VENDOR = json.loads((_HERE.parent / "vendor/stripe/objects.json").read_text())


class Books:
    """Invoices, charges and refunds, the newest last; each invoice that came to something has a charge."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.invoices: dict[str, dict[str, Any]] = {}
        self.charges: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.balance: dict[str, int] = {}
        self._paid_by: dict[str, str] = {}

    def invoice(
        self, id_: str, subscription: dict[str, Any], reason: str, lines: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Make an invoice of lines, and have it paid."""
        total = sum(line["amount"] - sum(off["amount"] for off in line["discount_amounts"]) for line in lines)
        made: dict[str, Any] = copy.deepcopy(OBJECTS["invoice"])
        made |= {
            "id": id_, "billing_reason": reason, "status": "paid", "total": total, "created": self._now(),
            "customer": subscription["customer"], "currency": subscription["currency"],
            "amount_due": max(0, total), "amount_paid": max(0, total), "amount_remaining": 0,
        }  # fmt: skip
        made["lines"]["data"] = lines
        made["parent"] = {
            "type": "subscription_details", "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": subscription["id"]},
        }  # fmt: skip
        self.invoices[id_] = made
        if total > 0:
            self._paid_by[id_] = self.pay(id_, total, subscription["currency"], subscription["customer"])
        owner = subscription["customer"]
        self.balance[owner] = self.balance.get(owner, 0) + min(0, total)
        return made

    def pay(self, of: str, amount: int, currency: str, customer: str) -> str:
        """Charge somebody; give the id of the payment."""
        charge: dict[str, Any] = copy.deepcopy(_VENDOR["charge"])
        charge |= {
            "id": f"ch_{of}", "amount": amount, "amount_captured": amount, "captured": True,
            "currency": currency, "customer": customer, "payment_intent": f"pi_{of}", "status": "succeeded",
        }  # fmt: skip
        self.charges[charge["id"]] = charge
        self.intents[f"pi_{of}"] = {
            "object": "payment_intent", "id": f"pi_{of}", "amount": amount, "amount_capturable": 0,
            "amount_received": amount, "application": None, "cancellation_reason": None, "currency": currency,
            "capture_method": "automatic", "confirmation_method": "automatic", "created": self._now(),
            "customer": customer, "latest_charge": charge["id"], "livemode": False, "metadata": {},
            "on_behalf_of": None, "payment_method": "pm_card", "payment_method_types": ["card"],
            "payment_record": None, "review": None, "setup_future_usage": None, "source": None,
            "status": "succeeded",
        }  # fmt: skip
        return f"pi_{of}"

    def list_invoices(self, given: dict[str, Any]) -> dict[str, Any]:
        of = given["subscription"]
        found = [
            each
            for each in reversed(self.invoices.values())
            if each["parent"]["subscription_details"]["subscription"] == of
        ]
        return listed("/v1/invoices", found)

    def list_payments(self, given: dict[str, Any]) -> dict[str, Any]:
        intent = self._paid_by.get(given["invoice"])
        if intent is None:
            return listed("/v1/invoice_payments", [])
        paid = self.intents[intent]
        made = {
            "object": "invoice_payment", "id": f"inpay_{intent}", "invoice": given["invoice"],
            "amount_paid": paid["amount"], "amount_requested": paid["amount"], "created": paid["created"],
            "currency": paid["currency"], "is_default": True, "livemode": False, "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": paid["created"]},
            "payment": {"type": "payment_intent", "payment_intent": self.payment(intent)},
        }  # fmt: skip
        return listed("/v1/invoice_payments", [made])

    def payment(self, id_: str) -> dict[str, Any]:
        """Give a payment with its charge."""
        found = self.intents[id_]
        return {**found, "latest_charge": self.charges[found["latest_charge"]]}

    def list_refunds(self, given: dict[str, Any]) -> dict[str, Any]:
        return listed("/v1/refunds", [each for each in self.refunds if each["charge"] == given["charge"]])

    def refund(self, given: dict[str, Any], refuse: Callable[[str, str], Exception]) -> dict[str, Any]:
        """Give something of a charge back; no more than is left of it."""
        charge = self.charges[given["charge"]]
        amount = int(given.get("amount", charge["amount"] - charge["amount_refunded"]))
        if charge["amount_refunded"] + amount > charge["amount"]:
            said = f"Refund amount ({amount}) is greater than unrefunded amount on charge"
            raise refuse(said, "charge_already_refunded")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        made = {
            **_VENDOR["refund"], "id": f"re_{len(self.refunds) + 1}", "amount": amount, "status": "succeeded",
            "charge": charge["id"], "currency": charge["currency"], "metadata": given.get("metadata", {}),
            "reason": given.get("reason"), "payment_intent": charge["payment_intent"],
        }  # fmt: skip
        self.refunds.append(made)
        return made


def listed(url: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a list as Stripe answers it."""
    return {"object": "list", "data": found, "has_more": False, "url": url}
