"""A trial without an address is checked before it is live: Stripe must be able to let somebody try it."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents
from tests.stories.world import workflow
from upsell.errors import DefinitionError
from upsell.journeys.steps import TrialStep
from upsell.journeys.workflow import Workflow
from upsell.workspace.compile import compile_documents
from upsell.workspace.wording import tell_step

PRO = "{name: Pro, tier: 1, price: {month: 149, year: 1490}, stripe: {month: price_1M, year: price_1Y}}"
OFFERS = {
    "pro": "{kind: upgrade, plan: pro, title: Pro, trial_days: 14}",
    "monthly": "{kind: upgrade, plan: pro, interval: month, title: Pro, trial_days: 14}",
    "fits": "{kind: upgrade, plan: fitting, title: Pro, trial_days: 14}",
    "sso": "{kind: cross-sell, product: sso, title: SSO, trial_days: 14}",
    "setup": "{kind: cross-sell, product: setup, title: Setup, trial_days: 14}",
    "alone": "{kind: upgrade, feature: reports, title: Reports, trial_days: 14}",
    "seats": "{kind: upgrade, seats: 3, title: Seats, trial_days: 14}",
}
SSO = "{kind: add-on, name: SSO, price: {month: 20}, stripe: {month: price_1Sso}}"
SETUP = "{kind: service, name: Setup, price: {once: 500}}"


def _compile(offer: str, *, plan: str = PRO, sso: str = SSO, url: str = "") -> Workflow:
    step = f"[{{trial: {{offer: {offer}{url}}}}}]"
    documents = dict(make_documents({"t": workflow(trigger="{on: A}", journey=step)}))
    plan = plan.replace("name: Pro,", "name: Pro, features: [reports],")
    documents["catalog.yaml"] = (
        f"plans:\n  pro: {plan}\nproducts:\n  sso: {sso}\n  setup: {SETUP}\n"
        f"offers:\n  {offer}: {OFFERS[offer]}\n"
    )
    return compile_documents(documents).program.workflows["t"]


@pytest.mark.parametrize("offer", ["pro", "monthly", "fits", "sso"])
def test_what_has_an_id_at_stripe_for_every_price_can_be_tried_there(offer: str) -> None:
    step = _compile(offer).journey.steps["0"]
    assert isinstance(step, TrialStep)
    assert step.url == ""
    assert tell_step(step, {}).endswith("as a trial for 14 days, and tell Stripe")


@pytest.mark.parametrize(
    ("offer", "plan", "sso", "said"),
    [
        ("pro", PRO.replace(", year: price_1Y", ""), SSO, "found none for pro per year in USD"),
        ("fits", PRO.replace(", year: price_1Y", ""), SSO, "found none for pro per year in USD"),
        ("sso", PRO, SSO.replace(", stripe: {month: price_1Sso}", ""), "for sso per month in USD"),
        ("setup", PRO, SSO, "setup, which is not sold again and again"),
        ("alone", PRO, SSO, "got alone, which is of feature"),
        ("seats", PRO, SSO, "got seats, which is of seats"),
    ],
)
def test_what_stripe_could_not_let_anybody_try_is_refused_with_what_to_do(
    offer: str, plan: str, sso: str, said: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        _compile(offer, plan=plan, sso=sso)
    (told,) = [each for each in caught.value.problems if each.code == "trial"]
    assert said in told.message
    assert "url:" in str(told.hint)
    assert told.file == "workflows/t.yaml"
    _compile(offer, plan=plan, sso=sso, url=", url: 'http://127.0.0.1:9000/x'")


def test_an_interval_that_is_not_offered_needs_no_id() -> None:
    _compile("monthly", plan=PRO.replace(", year: price_1Y", ""))
