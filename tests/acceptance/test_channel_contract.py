"""Every channel keeps the contract, alone and behind the dispatcher."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import upsell.channels
from tests.channel_examples import EXAMPLES
from tests.sinks import GATEWAY_SECRET
from tests.twilio_stand_in import ACCOUNT
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.runtime.carriers import CARRIERS, open_channels, what_is_missing
from upsell.testing.channel_contract import DISPATCHED_LAWS, LAWS, DispatchedLaw, Example, Law

names = pytest.mark.parametrize("name", EXAMPLES)


@names
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_channel_keeps_the_contract(name: str, law: Law) -> None:
    law(EXAMPLES[name])


@pytest.mark.postgres
@names
@pytest.mark.parametrize("law", DISPATCHED_LAWS, ids=lambda law: law.__name__)
def test_a_channel_behind_the_dispatcher_keeps_the_contract(
    name: str, law: DispatchedLaw, database: str
) -> None:
    law(EXAMPLES[name], database)


def channel_classes() -> set[type]:
    """Find every class of ``channels`` that sends letters."""
    modules = [
        importlib.import_module(f"upsell.channels.{found.name}")
        for found in pkgutil.iter_modules(upsell.channels.__path__)
    ]
    return {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        and inspect.iscoroutinefunction(send := getattr(kind, "send", None))
        and list(inspect.signature(send).parameters) == ["self", "letters", "within"]
        and not getattr(kind, "_is_protocol", False)
    }


def opened(example: Example) -> type:
    with example.stands_in() as stand_in:
        return type(example.opens(stand_in))


def test_no_channel_is_missing_from_the_contract() -> None:
    assert set(EXAMPLES) == {carrier.name for carrier in CARRIERS}
    assert {name: example.channel for name, example in EXAMPLES.items()} == {
        carrier.name: carrier.channel for carrier in CARRIERS
    }
    assert channel_classes() == {opened(example) for example in EXAMPLES.values()}


def test_what_is_not_set_up_says_what_sets_it_up() -> None:
    assert "webhook" not in open_channels(Settings())
    by_stripe = "UPSELL_STRIPE_SECRET_KEY (for a trial at Stripe)"
    assert what_is_missing("webhook") == f"no webhook is set up: set UPSELL_GATEWAY_SECRET or {by_stripe}"
    set_up = Settings(
        gateway_secret=GATEWAY_SECRET, sms_url="http://127.0.0.1:1/", push_url="http://127.0.0.1:2/"
    )
    assert what_is_missing("sms") == ("no sms is set up: set UPSELL_SMS_URL or UPSELL_TWILIO_ACCOUNT_SID")
    assert set(open_channels(set_up)) == {"email", "sms", "push", "webhook"}


def test_two_carriers_of_one_channel_are_refused() -> None:
    both = Settings(sms_url="http://127.0.0.1:1/", twilio_account_sid=ACCOUNT)
    with pytest.raises(ConfigError, match="unset UPSELL_SMS_URL or UPSELL_TWILIO_ACCOUNT_SID"):
        open_channels(both)
