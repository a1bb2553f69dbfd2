"""Offers: never what they have, never less than they use, never beyond need, never outside the rails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import DAY, SETTINGS, START, Reason, Story, make_program, workflow
from upsell.cli.standing_text import standing_lines
from upsell.errors import DefinitionError
from upsell.journeys.effects import Speak
from upsell.journeys.explain import explain_standing
from upsell.journeys.program import with_sold_out
from upsell.workspace.compile import compile_documents

GATE = "{on: Feature Gate Hit, again_after: 1 day}"

CATALOG = """
default_plan: free
metrics: [reports, seats]
plans:
  free: {name: Free, tier: 0, price: {month: 0}, limits: {reports: 50}}
  starter:
    {name: Starter, tier: 1, price: {month: {USD: 29, EUR: 27}, year: 290}, limits: {reports: 500, seats: 5},
     overage: {reports: 0.20}, features: [export], cost: 4}
  team:
    {name: Team, tier: 2, price: {month: {USD: 99, EUR: 95}, year: 990}, limits: {reports: 2000, seats: 20},
     features: [export, sso], cost: 60}
  business:
    {name: Business, tier: 3, price: {month: 299}, limits: {reports: unlimited}, features: [export, sso]}
  old: {name: Old, tier: 2, price: {month: 80}, limits: {reports: 3000}, for_sale: false}
  local: {name: Local, tier: 2, price: {month: 10}, limits: {reports: 9000}, regions: [DE, AT]}
  chat: {name: Chat, tier: 1, price: {month: 15}, family: chat}
products:
  sso: {kind: add-on, name: Single sign-on, price: {month: 20}, features: [sso], plans: [starter]}
  more: {kind: add-on, name: More reports, price: {month: 9}, limits: {reports: 100}}
  pack: {kind: pack, name: 1000 reports, price: {once: 40}, limits: {reports: 1000}}
  suite: {kind: bundle, name: Suite, price: {month: 110}, contains: [team, chat]}
items:
  kettle: {name: Kettle, price: 30, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro, price: 60}
  care: {name: Three years of care, price: 12}
offers:
  team: {kind: upgrade, plan: team, title: Team, guarantee: Money back for 30 days, downgrade: In one click}
  business: {kind: upgrade, plan: business, title: Business}
  fitting: {kind: upgrade, plan: fitting, title: The plan that fits}
  old: {kind: upgrade, plan: old, title: Old, fallback: business}
  local: {kind: upgrade, plan: local, title: Local}
  chat: {kind: cross-sell, plan: chat, title: Chat}
  sso: {kind: cross-sell, product: sso, title: SSO}
  pack: {kind: cross-sell, product: pack, title: A pack}
  suite: {kind: cross-sell, product: suite, title: Suite}
  seats: {kind: upgrade, seats: 5, title: Five more}
  yearly: {kind: upgrade, interval: year, title: Pay yearly}
  try-sso: {kind: upgrade, feature: sso, trial_days: 14, title: Try it}
  better: {kind: upgrade, item: premium, title: The better one}
  care: {kind: cross-sell, item: care, title: Care}
  early: {kind: upgrade, plan: team, title: Soon, available_from: 2026-03-05}
  few: {kind: upgrade, plan: team, title: Few, stock: 1}
  cheap: {kind: upgrade, plan: team, title: Team for less, discount: 20%, months: 3, valid_for: 7 days}
  cheaper: {kind: upgrade, plan: team, title: Team for less, discount: 30%, fallback: team}
  stay: {kind: retention, plan: starter, title: Stay for less, discount: 10%}
"""


def told(offer: str, *, policy: str = "", catalog: str = CATALOG) -> Story:
    """Give a story of a customer who gets one offer at each gate."""
    journey = f"[{{email: {{content: t1, offer: {offer}}}}}]"
    return Story(make_program({"w": workflow(trigger=GATE, journey=journey)}, catalog=catalog, policy=policy))


def asked(story: Story) -> Speak | Reason:
    """Let a gate be hit and give the mail, or why there is none."""
    before = len(story.mails())
    story.happens("Feature Gate Hit")
    return story.mails()[-1] if len(story.mails()) > before else story.reasons()[-1]


def on(story: Story, plan: str, **terms: Any) -> Story:
    said: dict[str, Any] = {"plan": plan, "amount": 2900, "currency": "USD", **terms}
    return story.happens("Subscription Started", **said)


def uses(story: Story, amount: float, days: int = 1) -> Story:
    """Let so many reports be made on each of some days."""
    for _ in range(days):
        story.happens("Usage Recorded", metric="reports", quantity=amount).after(DAY)
    return story


def terms_of(mail: Speak | Reason) -> dict[str, object]:
    assert isinstance(mail, Speak)
    assert mail.terms is not None
    return {name: getattr(mail.terms, name) for name in mail.terms.__struct_fields__}


@pytest.mark.parametrize(
    ("offer", "plan", "reason"),
    [
        ("team", "team", Reason.ENTITLED),
        ("team", "business", Reason.ENTITLED),
        ("chat", "chat", Reason.ENTITLED),
        ("sso", "team", Reason.UNAVAILABLE),
        ("pack", "business", Reason.ENTITLED),
        ("try-sso", "team", Reason.ENTITLED),
        ("better", "team", Reason.UNAVAILABLE),
        ("local", "starter", Reason.UNAVAILABLE),
        ("early", "starter", Reason.OFFER_GONE),
        ("seats", "", Reason.UNAVAILABLE),
        ("yearly", "", Reason.UNAVAILABLE),
    ],
)
def test_nobody_is_offered_what_they_have_or_cannot_buy(offer: str, plan: str, reason: Reason) -> None:
    story = told(offer)
    assert asked(on(story, plan) if plan else story) is reason


@pytest.mark.parametrize(
    ("offer", "thing", "price", "interval"),
    [
        ("team", "team", 9_900, "month"),
        ("chat", "chat", 1_500, "month"),
        ("sso", "sso", 2_000, "month"),
        ("pack", "pack", 4_000, ""),
        ("suite", "suite", 11_000, "month"),
        ("seats", "starter", 5 * 2_900, "month"),
        ("yearly", "starter", 29_000, "year"),
        ("old", "business", 29_900, "month"),
    ],
)
def test_an_offer_carries_what_it_comes_to(offer: str, thing: str, price: int, interval: str) -> None:
    # Oracle: the prices written in the catalog.
    terms = terms_of(asked(on(told(offer), "starter")))
    assert (terms["thing"], terms["price"], terms["interval"]) == (thing, price, interval)


def test_a_price_is_for_all_units_of_quantity_in_the_currency_they_pay() -> None:
    terms = terms_of(asked(on(told("team"), "starter", quantity=3, currency="EUR")))
    assert (terms["price"], terms["unit_price"], terms["currency"]) == (3 * 9_500, 9_500, "EUR")


LADDER = CATALOG.replace("limits: {reports: 50}}", "limits: {reports: 50}, leads_to: [starter]}", 1)
"""Free leads to Starter alone; the others lead anywhere."""


def test_a_plan_that_the_present_one_does_not_lead_to_is_never_offered() -> None:
    story = told("team", catalog=LADDER)
    assert asked(story) is Reason.UNAVAILABLE
    seen = {each.term: each.value for each in story.decisions()[-1].seen}
    assert seen == {"plan.id": "free", "plan.leads_to": "starter"}
    assert isinstance(asked(on(story, "starter").after(2 * DAY)), Speak)


def test_a_plan_that_leads_nowhere_leads_to_itself_and_to_what_is_had_beside_it() -> None:
    end = CATALOG.replace("features: [export], cost: 4}", "features: [export], cost: 4, leads_to: []}")
    assert asked(on(told("team", catalog=end), "starter")) is Reason.UNAVAILABLE
    for offer in ("stay", "yearly", "chat", "seats"):
        assert isinstance(asked(on(told(offer, catalog=end), "starter")), Speak), offer


def test_a_bundle_is_no_way_around_a_path() -> None:
    assert asked(told("suite", catalog=LADDER)) is Reason.UNAVAILABLE
    assert isinstance(asked(on(told("suite", catalog=LADDER), "starter")), Speak)


def test_what_cannot_be_reached_falls_back_as_anything_that_cannot_be_offered() -> None:
    catalog = LADDER.replace("title: Business}", "title: Business, fallback: pack}")
    assert terms_of(asked(told("business", catalog=catalog)))["thing"] == "pack"


def test_what_fits_is_one_move_away() -> None:
    # 40 a day are some 1,200 a period, which Team holds for least; Free leads to Starter alone, and it there.
    assert terms_of(asked(uses(told("fitting"), 40, days=10)))["thing"] == "team"
    story = uses(told("fitting", catalog=LADDER), 40, days=10)
    assert terms_of(asked(story))["thing"] == "starter"
    assert terms_of(asked(on(story.after(2 * DAY), "starter")))["thing"] == "team"


def test_paying_yearly_says_what_it_saves_in_a_year() -> None:
    # Twelve months at 29 are 348; a year is 290.
    assert terms_of(asked(on(told("yearly"), "starter")))["saving"] == 5_800


def test_a_saving_is_against_what_they_really_pay() -> None:
    # Oracle: what is due by the subscription, and the prices written in the catalog.
    assert terms_of(asked(on(told("yearly"), "starter", amount=2_500)))["saving"] == 12 * 2_500 - 29_000
    assert terms_of(asked(on(told("yearly"), "starter", amount=1_000)))["saving"] is None
    low = uses(on(told("fitting"), "team", amount=500), 3, days=10)
    assert asked(low) is Reason.NOT_NEEDED, "who pays 5 for Team saves nothing by Starter at 29"
    dear = uses(on(told("fitting"), "team", amount=9_000), 3, days=10)
    assert (terms_of(asked(dear))["thing"], terms_of(dear.mails()[-1])["saving"]) == ("starter", 6_100)
    several = on(told("yearly"), "starter", amount=3 * 2_700, quantity=3)
    assert terms_of(asked(several))["saving"] == 12 * 3 * 2_700 - 3 * 29_000


@pytest.mark.parametrize(
    "paid", [{"amount": None}, {"currency": None}, {"status": "trialing"}, {"interval": "year"}]
)
def test_where_what_they_pay_is_not_known_no_saving_is_claimed(paid: dict[str, Any]) -> None:
    # Business has no yearly price: who pays by the year is told of none saved by the month.
    story = uses(on(told("fitting"), "starter", **({"amount": 200_000} | paid)), 200, days=10)
    terms = terms_of(asked(story))
    assert (terms["thing"], terms["saving"]) == ("business", None)
    if "interval" not in paid:
        assert terms_of(asked(on(told("yearly"), "starter", **paid)))["saving"] is None


def test_who_pays_yearly_already_is_not_asked_to() -> None:
    assert asked(on(told("yearly"), "starter", interval="year")) is Reason.ENTITLED


def test_a_plan_smaller_than_what_is_used_is_never_offered() -> None:
    story = uses(on(told("team"), "starter"), 2_500)
    assert asked(story) is Reason.TOO_SMALL


def seen_last(story: Story) -> dict[str, object]:
    return {each.term: each.value for each in story.decisions()[-1].seen}


def test_a_plan_smaller_than_the_last_period_is_not_offered_because_a_period_has_turned() -> None:
    story = uses(on(told("team"), "starter"), 2_500).after(31 * DAY)
    assert asked(story) is Reason.TOO_SMALL
    assert seen_last(story) == {"last period's use of reports": 2_500, "limit offered": 2_000}
    assert isinstance(asked(story.after(31 * DAY)), Speak), "two periods ago is no longer what they use"


def test_a_plan_smaller_than_what_is_expected_is_not_offered() -> None:
    # 80 on each day come to some 2,450 in a period, of which 800 are used.
    story = uses(on(told("team"), "starter"), 80, days=10)
    assert asked(story) is Reason.TOO_SMALL
    assert "expected use of reports" in seen_last(story)


def test_who_may_stay_for_less_is_not_led_to_a_plan_that_is_too_small() -> None:
    hard = CATALOG.replace("     overage: {reports: 0.20}, ", "     ")
    assert asked(uses(on(told("stay", catalog=hard), "team", amount=9_900), 56, days=8)) is Reason.TOO_SMALL
    assert isinstance(asked(uses(on(told("stay", catalog=hard), "starter"), 56, days=8)), Speak), "theirs"


def test_what_add_ons_and_packs_hold_counts_for_the_plan_that_is_offered() -> None:
    more = CATALOG.replace("limits: {reports: 100}}", "limits: {reports: 900}}")
    story = uses(on(told("team", catalog=more), "starter"), 80, days=10)
    on(story, "more", subscription_id="second", amount=900)
    assert isinstance(asked(story), Speak), "2,000 and 900"


def test_what_lacks_a_feature_in_use_neither_fits_nor_is_offered_for_less() -> None:
    story = uses(on(told("fitting"), "team", amount=9_900), 3, days=10)
    story.happens("Feature Used", feature="sso")
    assert asked(story) is Reason.NOT_NEEDED, "Starter is enough but for SSO"
    story = on(told("stay"), "team", amount=9_900).happens("Feature Used", feature="sso")
    assert asked(story) is Reason.TOO_SMALL
    assert seen_last(story) == {"features in use": "sso", "plan offered": "export"}
    story.after(91 * DAY)
    assert isinstance(asked(story), Speak), "not used for ninety days"


def test_a_feature_that_both_plans_have_or_theirs_has_not_keeps_from_nothing() -> None:
    story = uses(on(told("fitting"), "team", amount=9_900), 3, days=10)
    for feature in ("export", "reports", 7):
        story.happens("Feature Used", feature=feature)
    assert terms_of(asked(story))["thing"] == "starter"


def test_what_holds_fewer_seats_than_are_paid_for_neither_fits_nor_is_offered() -> None:
    # Starter holds 5 seats.
    story = uses(on(told("fitting"), "team", quantity=8, amount=8 * 9_900), 3, days=10)
    assert asked(story) is Reason.NOT_NEEDED
    story = uses(on(told("fitting"), "team", quantity=5, amount=5 * 9_900), 3, days=10)
    assert (terms_of(asked(story))["thing"], terms_of(story.mails()[-1])["quantity"]) == ("starter", 5)
    assert asked(on(told("stay"), "team", quantity=8, amount=8 * 9_900)) is Reason.TOO_SMALL


def test_fewer_seats_than_are_taken_are_never_offered() -> None:
    story = on(told("seats"), "starter", quantity=5).happens("Usage Recorded", metric="seats", level=12)
    assert asked(story) is Reason.TOO_SMALL
    story.after(2 * DAY).happens("Usage Recorded", metric="seats", level=8)
    assert isinstance(asked(story), Speak)


def test_a_region_that_is_not_known_is_none_a_plan_is_sold_in() -> None:
    story = on(told("local"), "starter")
    story.happens("Customer Identified", country="de").after(2 * DAY)
    assert terms_of(asked(story))["thing"] == "local"


def test_an_add_on_adds_to_the_limit_and_to_the_features() -> None:
    story = on(told("try-sso"), "starter")
    on(story, "sso", subscription_id="second", amount=2_000)
    assert asked(story) is Reason.ENTITLED


def test_a_bundle_gives_the_plan_it_contains() -> None:
    assert asked(on(told("team"), "suite")) is Reason.ENTITLED
    story = uses(on(told("team"), "suite"), 2_500)
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    assert standing.plan == "team"
    assert [use.limit for use in standing.metrics if use.metric == "reports"] == [2_000]


def test_an_add_on_alone_leaves_them_on_the_default_plan() -> None:
    story = on(told("team"), "more", amount=900)
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    assert standing.plan == "free"
    assert isinstance(asked(story), Speak)


def test_leaving_a_plan_for_its_add_on_alone_is_no_downgrade() -> None:
    text = workflow(trigger="{on: Subscription Downgraded}", journey="[{email: {content: t1, intent: help}}]")
    story = on(Story(make_program({"w": text}, catalog=CATALOG)), "team")
    on(story, "more", subscription_id="second", amount=900)
    story.happens("Subscription Canceled")
    assert story.reasons() == []


def test_the_better_one_of_what_is_in_the_cart_is_offered_at_its_difference() -> None:
    story = told("better").happens("Cart Updated", items=[{"id": "kettle"}], currency="USD")
    terms = terms_of(asked(story))
    assert (terms["thing"], terms["price"]) == ("kettle-pro", 3_000)


def test_what_ran_out_is_gone() -> None:
    text = workflow(trigger=GATE, journey="[{email: {content: t1, offer: few}}]")
    program = make_program({"w": text}, catalog=CATALOG)
    story = Story(with_sold_out(program, {"few": START + DAY}))
    assert isinstance(asked(story), Speak)
    story.after(2 * DAY)
    assert asked(story) is Reason.OFFER_GONE


def test_staying_is_best_for_who_needs_no_more_and_they_hear_nothing() -> None:
    story = uses(on(told("fitting"), "starter"), 10, days=10)
    assert asked(story) is Reason.NOT_NEEDED


def test_the_plan_that_fits_is_the_cheapest_that_covers_what_is_expected() -> None:
    # 400 so far, 40 today and on the 20.375 days from midnight to the period's end are 1,255: of these 755
    # over the limit at 0.20 are 151 beside 29; Team is 99 for all.
    story = uses(on(told("fitting"), "starter"), 40, days=10)
    terms = terms_of(asked(story))
    assert (terms["thing"], terms["price"]) == ("team", 9_900)
    assert terms["saving"] == 15_100 + 2_900 - 9_900


def test_beyond_the_greatest_limit_only_what_is_unlimited_fits() -> None:
    story = uses(on(told("fitting"), "starter"), 200, days=10)
    assert terms_of(asked(story))["thing"] == "business"


def test_who_is_not_known_to_use_anything_is_told_of_no_fitting_plan() -> None:
    assert asked(on(told("fitting"), "starter")) is Reason.NOT_NEEDED


def test_a_discount_is_taken_from_the_price_and_its_worth_is_known() -> None:
    terms = terms_of(asked(on(told("cheap"), "starter")))
    assert (terms["full"], terms["price"], terms["discount"]) == (9_900, 7_920, 3 * 1_980)


def test_a_discount_that_leaves_too_little_is_refused_at_check() -> None:
    with pytest.raises(DefinitionError, match=r"margin of at least 30 %"):
        told("cheap", policy="policy: {pricing: {min_margin: 30%}}")


def test_a_discount_deeper_than_allowed_is_refused_at_check() -> None:
    with pytest.raises(DefinitionError, match=r"at most 25 % off"):
        told("cheap", policy="policy: {pricing: {max_discount: 25%}}")


def test_a_discount_on_whatever_fits_is_held_to_the_margin_when_it_is_decided() -> None:
    catalog = CATALOG.replace("title: The plan that fits", "title: Fits, discount: 20%")
    catalog = catalog.replace("discount: 30%, ", "").replace("discount: 20%, months: 3, ", "")
    story = uses(
        on(told("fitting", policy="policy: {pricing: {min_margin: 30%}}", catalog=catalog), "starter"), 40, 10
    )
    # Team costs 60 to serve: of 79.20 that is a margin of 24 %.
    assert asked(story) is Reason.PRICE_GUARDRAIL


def test_who_was_shown_a_discount_is_shown_no_other_until_they_rested() -> None:
    workflows = {
        "one": workflow(trigger=GATE, journey="[{email: {content: t1, offer: cheap}}]"),
        "two": workflow(trigger="{on: Asked}", journey="[{email: {content: t2, offer: cheaper}}]"),
    }
    policy = "policy: {pricing: {rest: 30 days}}"
    story = on(Story(make_program(workflows, catalog=CATALOG, policy=policy)), "starter")
    assert isinstance(asked(story), Speak)
    story.happens("Asked")
    mail = story.mails()[-1]
    assert (mail.content, mail.offer) == ("t2", "team"), "the fallback is made, at its full price"


def test_one_unit_is_shown_no_more_discount_than_its_budget() -> None:
    policy = "policy: {pricing: {budget_per_unit: 100}}"
    story = on(told("cheap", policy=policy), "starter")
    assert isinstance(asked(story), Speak)
    story.after(3 * DAY)
    assert asked(story) is Reason.PRICE_GUARDRAIL


def test_prices_are_rounded_down_and_never_to_nothing() -> None:
    policy = "policy: {pricing: {round_to: 1}}"
    assert terms_of(asked(on(told("cheap", policy=policy), "starter")))["price"] == 7_900
    policy = "policy: {pricing: {round_to: 500}}"
    assert terms_of(asked(on(told("cheap", policy=policy), "starter")))["price"] == 7_920


def test_value_comes_first_and_a_discount_last() -> None:
    with pytest.raises(DefinitionError, match="without a discount before"):
        told("cheap", policy="policy: {pricing: {ladder: true}}")


def test_no_price_hangs_on_who_somebody_is() -> None:
    journey = "[{email: {content: t1, offer: cheap}}]"
    text = workflow(trigger=GATE, journey=journey, eligible="[customer.gender = 'f']")
    with pytest.raises(DefinitionError, match="protected trait"):
        make_program({"w": text}, catalog=CATALOG)


def test_what_was_shown_is_honoured_until_it_expires() -> None:
    mails = [f"{{email: {{content: t{number}, offer: cheap}}}}" for number in (1, 2, 3)]
    journey = f"[{mails[0]}, {{wait: 3 days}}, {mails[1]}, {{wait: 5 days}}, {mails[2]}]"
    text = {"w": workflow(trigger=GATE, journey=journey)}
    program = make_program(text, catalog=CATALOG)
    story = on(Story(program), "starter")
    first = asked(story)
    dearer = make_program(text, catalog=CATALOG.replace("month: {USD: 99", "month: {USD: 199"))
    assert dearer.workflows["w"].version == program.workflows["w"].version
    later = Story(dearer, household=story.household)
    later.now = story.now
    later.after(4 * DAY)
    assert terms_of(later.mails()[0]) == terms_of(first)
    later.after(6 * DAY)
    assert terms_of(later.mails()[1])["full"] == 19_900


def test_retention_may_propose_what_they_have_for_less() -> None:
    assert terms_of(asked(on(told("stay"), "starter")))["price"] == 2_610


def test_an_offer_of_two_things_is_refused() -> None:
    twice = CATALOG.replace("plan: team, title: Team, ", "plan: team, seats: 2, title: Team, ")
    with pytest.raises(DefinitionError, match="one thing that the offer is about"):
        told("team", catalog=twice)


@pytest.mark.parametrize(
    ("path", "told_of"),
    [
        ("[old]", "path to old, which is not"),
        ("[chat]", "got chat of chat"),
        ("[stater]", "did you mean starter?"),
    ],
)
def test_a_path_that_nobody_can_take_is_refused(path: str, told_of: str) -> None:
    with pytest.raises(DefinitionError, match=told_of.replace("?", r"\?")):
        told("team", catalog=CATALOG.replace("reports: 50}}", f"reports: 50}}, leads_to: {path}}}", 1))


def warned(catalog: str) -> list[str]:
    documents = {"upsell.yaml": SETTINGS, "catalog.yaml": catalog}
    warnings = compile_documents(documents).warnings
    return [each.message for each in warnings if each.code == "no-path"]


def test_an_offer_of_a_plan_that_none_leads_to_is_a_warning() -> None:
    ends = "  {key}: {{name: X, tier: {tier}, leads_to: {to}}}\n"
    made = [("free", 0, "[one]"), ("one", 1, "[two]"), ("two", 2, "[one]"), ("three", 3, "[two]")]
    plans = "plans:\n" + "".join(ends.format(key=key, tier=tier, to=to) for key, tier, to in made)
    offers = "offers:\n  big: {kind: upgrade, plan: three, title: T}\n"
    offers += "  fits: {kind: upgrade, plan: fitting, title: F}\n"
    assert len(warned("default_plan: free\n" + plans + offers)) == 1
    assert warned("default_plan: free\n" + plans.replace("[one]}", "[one, three]}", 1) + offers) == []
    assert warned(plans + offers) == [], "who has no plan may take any"
    assert (
        warned("default_plan: free\n" + plans + offers.replace("upgrade, plan: t", "retention, plan: t"))
        == []
    )


def test_fallbacks_that_come_back_are_refused() -> None:
    circle = CATALOG.replace("title: Business}", "title: Business, fallback: old}")
    with pytest.raises(DefinitionError, match="fallbacks that end"):
        told("team", catalog=circle)


def test_the_proof_says_what_was_observed_and_what_it_would_have_saved() -> None:
    # Periods are months from 1 February on: 700 and 900 reports on Starter, 500 included, 0.20 beyond.
    story = told("fitting")
    on(story, "starter")
    story.now += 29 * DAY
    uses(story, 700)
    story.now += 31 * DAY
    uses(story, 900)
    story.now += 31 * DAY
    uses(story, 45, days=15)
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    fit = standing.fit
    assert fit is not None
    assert (fit.plan, fit.periods, fit.periods_over) == ("team", 2, 2)
    # 29 + 40 and 29 + 80 against twice 99: nothing saved, 20 more paid. Said is what is so.
    assert fit.would_have_saved is not None
    assert fit.would_have_saved.amount == (2_900 + 4_000 + 2_900 + 8_000) - 2 * 9_900
    assert fit.saving is not None
    assert fit.saving.amount > 0
    lines = "\n".join(standing_lines(standing))
    assert "team would fit at 99.00 USD a month" in lines
    assert "over the limit in 2 of 2 past periods" in lines
    assert "saved" not in lines


def test_a_plan_that_is_sold_by_the_year_alone_is_offered_by_the_year() -> None:
    plan = "  annual: {name: Annual, tier: 9, price: {year: 900}}\nproducts:\n"
    offer = "offers:\n  annual: {kind: upgrade, plan: annual, title: Annual}\n"
    catalog = CATALOG.replace("products:\n", plan, 1).replace("offers:\n", offer, 1)
    mail = asked(told("annual", catalog=catalog))
    assert isinstance(mail, Speak)
    assert mail.terms is not None
    assert (mail.terms.interval, mail.terms.price) == ("year", 90_000)


def test_whoever_has_it_already_is_refused_at_once_and_does_not_wait_for_their_ticket() -> None:
    # semantics.md, section 4: entitlement is asked before what silences.
    story = on(told("team"), "team").happens("Ticket Opened", ticket_id="1")
    assert asked(story) is Reason.ENTITLED
