"""Price rails: asked of what is really paid, by whom, and in which money."""

from __future__ import annotations

import pytest

from tests.stories.test_offers import CATALOG, GATE, asked, on, terms_of, told, uses
from tests.stories.world import DAY, HOUR, SETTINGS, START, Reason, Story, make_program, workflow
from upsell.errors import DefinitionError
from upsell.journeys.explain import explain_standing
from upsell.money import Money
from upsell.signals.events import MESSAGE_FAILED, PROMPT_OFFERED
from upsell.workspace.compile import compile_documents
from upsell.workspace.linting import lint

PRICE = "price: {month: {USD: 99, EUR: 95}, year: 990}"


def priced(price: str, discount: str, *, cost: str = "") -> str:
    """Give the catalog with one price for Team, and one discount on it in ``cheap``."""
    catalog = CATALOG.replace(PRICE, f"price: {{month: {price}}}").replace(
        "discount: 20%", f"discount: {discount}"
    )
    return catalog.replace("discount: 30%, ", "").replace(", cost: 60", cost)


@pytest.mark.parametrize(
    ("price", "currency", "rounded", "paid", "rate"),
    [
        # 25 % off 39.00 is 29.25; down to 20.00 it would be 48.7 % off.
        ("39", "USD", "20", 2_925, 0.25),
        # Down to 29.00 it is 25.6 %.
        ("39", "USD", "1", 2_925, 0.25),
        ("40", "USD", "10", 3_000, 0.25),
        # 1,980 yen have no hundredths: 25 % off is 1,485, which is 1,480 in whole tens and 25.2 % off.
        ("{USD: 99, JPY: 1980}", "JPY", "10", 1_485, 0.25),
    ],
)
def test_rounding_never_makes_a_discount_deeper_than_allowed(
    price: str, currency: str, rounded: str, paid: int, rate: float
) -> None:
    policy = f"policy: {{pricing: {{max_discount: 25%, round_to: {rounded}}}}}"
    story = on(told("cheap", catalog=priced(price, "25%"), policy=policy), "starter", currency=currency)
    terms = terms_of(asked(story))
    assert (terms["price"], terms["discount_rate"]) == (paid, rate)


@pytest.mark.parametrize(
    ("price", "currency", "discount", "rounded", "paid", "rate"),
    [
        ("39", "USD", "25%", "20", 2_000, 0.487),
        ("{USD: 99, JPY: 1980}", "JPY", "10%", "10", 1_780, 0.101),
        ("{USD: 99, JPY: 1980}", "JPY", "10%", "0.05", 1_782, 0.1),
        ("{USD: 99, KWD: 19.999}", "KWD", "10%", "1", 17_000, 0.149),
    ],
)
def test_what_is_said_of_a_discount_is_what_is_really_taken_off(
    price: str, currency: str, discount: str, rounded: str, paid: int, rate: float
) -> None:
    # Oracle: by hand; 39.00 to 20.00 is 19/39 = 48.71 %, 1,980 to 1,780 is 10.10 %, 2.999 of 19.999 14.99 %.
    policy = f"policy: {{pricing: {{round_to: {rounded}}}}}"
    story = on(told("cheap", catalog=priced(price, discount), policy=policy), "starter", currency=currency)
    terms = terms_of(asked(story))
    assert (terms["price"], terms["discount_rate"]) == (paid, rate)


def test_a_discount_takes_no_less_than_it_says_off_a_price_that_does_not_divide() -> None:
    # 10 % of 29.95 are 2.995: 2.99 off would be less than was said.
    terms = terms_of(asked(on(told("cheap", catalog=priced("29.95", "10%")), "starter")))
    assert (terms["price"], terms["discount_rate"]) == (2_695, 0.1)


def test_a_margin_is_asked_of_the_price_that_rounding_leaves() -> None:
    # 20 % off 99.00 is 79.20, of which 19.20 remain above 60: 24 %. Rounded to 70.00 it is 14 %.
    catalog = priced("99", "20%", cost=", cost: 60")
    story = on(told("cheap", catalog=catalog, policy="policy: {pricing: {min_margin: 20%}}"), "starter")
    assert terms_of(asked(story))["price"] == 7_920
    with pytest.raises(DefinitionError, match="margin of at least 20 %"):
        told("cheap", catalog=catalog, policy="policy: {pricing: {min_margin: 20%, round_to: 10}}")


def company(policy: str) -> Story:
    """An account whose people, and which itself, may be made an offer with a discount."""
    offers = {"ada": "cheap", "bob": "cheap", "acme": "cheaper"}
    texts = {
        key: workflow(
            trigger=f"{{on: {key} asked, again_after: 1 hour}}",
            journey=f"[{{email: {{content: t1, offer: {offer}}}}}]",
            unit="account" if key == "acme" else "customer",
        )
        for key, offer in offers.items()
    }
    catalog = CATALOG.replace("discount: 30%, fallback: team", "discount: 30%")
    program = make_program(texts, catalog=catalog, policy=f"policy: {{pricing: {{{policy}}}}}")
    story = Story(program, "a:acme").member("ada", "admin").member("bob", "admin")
    return story.happens("Subscription Started", by="ada", plan="starter", amount=2_900, currency="USD")


def asks(story: Story, who: str) -> Reason | float:
    """Let somebody be asked, a day later; give the discount they are shown, or why none is."""
    before = len(story.mails())
    story.after(DAY).happens(f"{who} asked", by="ada" if who == "acme" else who)
    mails = story.mails()[before:]
    return mails[-1].terms.discount_rate if mails and mails[-1].terms else story.reasons()[-1]


@pytest.mark.parametrize("rail", ["rest: 30 days", "budget_per_unit: 60"])
@pytest.mark.parametrize("first", ["ada", "acme"])
def test_what_anybody_of_an_account_was_shown_binds_all_of_them(rail: str, first: str) -> None:
    # Three months at 19.80 off are 59.40; a year at 29.70 off is more than 60 by itself.
    story = company(rail if first == "ada" else rail.replace("60", "360"))
    assert asks(story, first) == (0.2 if first == "ada" else 0.3)
    for other in {"ada", "bob", "acme"} - {first}:
        assert asks(story, other) is Reason.PRICE_GUARDRAIL, other


def test_what_one_account_was_shown_binds_no_other() -> None:
    assert asks(company("rest: 30 days"), "ada") == 0.2
    assert asks(company("rest: 30 days"), "bob") == 0.2


def test_when_the_rest_of_all_is_over_another_may_be_shown_one() -> None:
    story = company("rest: 3 days")
    assert asks(story, "ada") == 0.2
    assert asks(story.after(DAY), "bob") is Reason.PRICE_GUARDRAIL
    assert asks(story, "bob") == 0.2


def test_a_budget_counts_all_that_was_shown_however_often() -> None:
    # One month at 19.80 off, of 600 in all: thirty times.
    catalog = CATALOG.replace("discount: 20%, months: 3, valid_for: 7 days", "discount: 20%, months: 1")
    text = workflow(trigger=GATE.replace("1 day", "1 hour"), journey="[{email: {content: t1, offer: cheap}}]")
    policy = "policy: {pricing: {budget_per_unit: 600}}"
    story = on(Story(make_program({"w": text}, catalog=catalog, policy=policy)), "starter")
    for _ in range(35):
        story.happens("Feature Gate Hit").after(2 * HOUR)
    assert len(story.mails()) == 30
    assert story.reasons()[-1] is Reason.PRICE_GUARDRAIL


LEAVING = CATALOG.replace("discount: 30%", "discount: 25%")
"""Every discount leaves something above the 720 that a year of Team costs."""


@pytest.mark.parametrize(
    ("rail", "seen"),
    [
        ("budget_per_unit: 1000", {"currency of the price": "EUR", "currency of the budget": "USD"}),
        ("min_margin: 0%", {"currency of the price": "EUR", "currency of the cost": "USD"}),
    ],
)
def test_a_rail_that_cannot_be_asked_for_its_currency_refuses_the_discount_and_says_so(
    rail: str, seen: dict[str, str]
) -> None:
    policy = f"policy: {{pricing: {{{rail}}}}}"
    story = on(told("cheap", policy=policy, catalog=LEAVING), "starter", currency="EUR")
    assert asked(story) is Reason.PRICE_GUARDRAIL
    assert {each.term: each.value for each in story.decisions()[-1].seen} == seen
    assert terms_of(asked(on(told("cheap", policy=policy, catalog=LEAVING), "starter")))["price"] == 7_920
    # What takes nothing off asks no rail.
    assert (
        terms_of(asked(on(told("team", policy=policy, catalog=LEAVING), "starter", currency="EUR")))["price"]
        == 9_500
    )


def test_a_discount_in_another_currency_falls_back_to_what_has_none() -> None:
    policy = "policy: {pricing: {budget_per_unit: 1000}}"
    terms = terms_of(asked(on(told("cheaper", policy=policy, catalog=LEAVING), "starter", currency="EUR")))
    assert (terms["offer"], terms["price"]) == ("team", 9_500)


@pytest.mark.parametrize(
    ("rail", "offers"),
    [
        ("budget_per_unit: 60", ["cheap", "cheaper", "stay"]),
        ("min_margin: 1%", ["cheap", "cheaper", "stay"]),
        ("max_discount: 30%", []),
    ],
)
def test_check_warns_of_a_discount_where_a_rail_cannot_be_asked(rail: str, offers: list[str]) -> None:
    documents = {
        "upsell.yaml": f"{SETTINGS}policy: {{pricing: {{{rail}}}}}",
        "catalog.yaml": LEAVING,
        "workflows/w.yaml": workflow(trigger=GATE, journey="[{webhook: {url: https://acme.example}}]"),
    }
    told = [
        each for each in lint(compile_documents(documents), START).warnings if each.code == "rail-currency"
    ]
    assert [each.message.split()[1] for each in told] == offers
    assert all("EUR" in each.message for each in told)
    alone = {**documents, "catalog.yaml": LEAVING.replace(", EUR: 95", "").replace(", EUR: 27", "")}
    assert "rail-currency" not in {each.code for each in lint(compile_documents(alone), START).warnings}


HELP = "{email: {content: t1, intent: help, blocked: skip}}"
CHEAP = "{email: {content: t2, offer: cheap}}"


def climbs(journey: str, *, caps: str = "", holdout: str = "0%") -> Story:
    """Give a story of a ladder, whose policy may hold caps besides."""
    text = workflow(trigger=GATE, journey=journey, holdout=holdout)
    policy = f"policy: {{pricing: {{ladder: true}}, caps: [{caps}]}}"
    return on(Story(make_program({"w": text}, catalog=CATALOG, policy=policy)), "starter")


@pytest.mark.parametrize("offers", ["[cheap]", "[team, cheap]", "[cheaper]"])
def test_a_ladder_holds_for_what_is_chosen(offers: str) -> None:
    choose = f"{{choose: {{offers: {offers}, as: best}}}}, {{email: {{content: t2, offer: best}}}}"
    with pytest.raises(DefinitionError, match="got the discount first"):
        climbs(f"[{choose}]")
    story = climbs(f"[{HELP}, {choose}]").happens("Feature Gate Hit")
    assert [mail.content for mail in story.mails()] == ["t1", "t2"]


ONE_HELP = "{at_most: 1, within: 7 days, intents: [help]}"


@pytest.mark.parametrize("holdout", ["0%", "99.99%"])
def test_help_that_was_passed_over_is_no_value_given(holdout: str) -> None:
    story = climbs(f"[{HELP}, {CHEAP}]", caps=ONE_HELP, holdout=holdout)
    story.happens("Feature Gate Hit").after(2 * DAY).happens("Feature Gate Hit")
    # The held-out unit is asked the same, at the same points.
    assert story.contents() == (["t1", "t2"] if holdout == "0%" else [])
    assert story.decisions()[-1].reason is Reason.PRICE_GUARDRAIL
    assert story.decisions()[-1].rule == "something without a discount first"


def test_help_that_did_not_arrive_is_no_value_given() -> None:
    story = climbs(f"[{HELP}, {CHEAP}]")
    story.delivers = False
    story.happens("Feature Gate Hit")
    (mail,) = story.mails()
    story.receipt(mail, MESSAGE_FAILED)
    assert len(story.mails()) == 1
    assert story.reasons()[-1] is Reason.PRICE_GUARDRAIL


YOUNG = """
young: {unit: customer, rule: customer.age < 30}
left: {unit: customer, rule: "event_count('Segment Left', interval '9 days', properties.segment='young') > 0"}
rich: {unit: customer, rule: customer.lifetime_value > 1000}
"""


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("trigger: {on: Segment Entered, where: \"properties.segment = '{}'\"}", "trigger:"),
        ("trigger: {on: Segment Left, where: \"properties.segment = '{}'\"}", "trigger:"),
        (
            "eligible: [\"event_count('Segment Left', interval '9 days', properties.segment = '{}') > 0\"]",
            "eligible:",
        ),
        (
            "journey: [{wait: {for: Segment Left, where: \"properties.segment = '{}'\", up_to: 9 days}},"
            " {email: {content: t1, offer: cheap}}]",
            "journey:",
        ),
        ("suppress: [{}]", "suppress:"),
    ],
)
def test_a_segment_that_hangs_on_a_protected_trait_counts_as_that_trait(part: str, line: str) -> None:
    head = part.split(":", maxsplit=1)[0]
    lines = workflow(trigger=GATE, journey="[{email: {content: t1, offer: cheap}}]").split("\n")
    for segment in ("young", "left", "rich"):
        kept = [each for each in lines if not each.startswith(f"{head}:")]
        text = "\n".join([*kept, part.replace("{}", segment)])
        if segment == "rich":
            assert "w" in make_program({"w": text}, catalog=CATALOG, segments=YOUNG).workflows
            continue
        with pytest.raises(DefinitionError) as told:
            make_program({"w": text}, catalog=CATALOG, segments=YOUNG)
        found = [each for each in told.value.problems if each.severity == "error"]
        assert [each.code for each in found] == ["protected-trait"], [str(each) for each in found]
        assert text.split("\n")[(found[0].line or 0) - 1].startswith(line)


def test_any_segment_may_be_meant_where_none_is_named() -> None:
    text = workflow(trigger="{on: Segment Entered}", journey="[{email: {content: t1, offer: cheap}}]")
    with pytest.raises(DefinitionError, match=r"got customer.age \(by the segment young\)"):
        make_program({"w": text}, catalog=CATALOG, segments=YOUNG)
    fair = text.replace("offer: cheap", "offer: team")
    assert "w" in make_program({"w": fair}, catalog=CATALOG, segments=YOUNG).workflows


def test_what_a_discount_hangs_on_counts_no_protected_segment() -> None:
    of = "event_count('Segment Entered', interval '9 days', properties.segment = 'young')"
    steps = f'{{of: "{of}", steps: [{{from: 1, off: 10%}}]}}'
    catalog = CATALOG.replace("discount: 30%", f"discount: {steps}")
    text = workflow(trigger=GATE, journey="[{email: {content: t1, offer: team}}]")
    with pytest.raises(DefinitionError, match="no protected trait in what a discount hangs on"):
        make_program({"w": text}, catalog=catalog, segments=YOUNG)


def test_what_is_used_beyond_a_limit_may_cost_less_than_a_cent() -> None:
    # 1,255 are expected: 755 over the limit at 0.2 cents are 1.51 beside 29.00, and Team is 99.00.
    story = uses(on(told("fitting", catalog=CATALOG.replace("0.20}", "0.002}")), "starter"), 40, days=10)
    assert asked(story) is Reason.NOT_NEEDED
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    assert standing.fit is not None
    assert standing.fit.price == Money(2_900 + 151, "USD")


@pytest.mark.parametrize(
    ("written", "currency", "said"),
    [
        ("0.002", "USD", "0.002 USD"),
        ("0.2", "USD", "0.20 USD"),
        ("3", "USD", "3.00 USD"),
        ("0.000001", "USD", "0.000001 USD"),
        ("3", "JPY", "3 JPY"),
        ("0.5", "JPY", "0.5 JPY"),
    ],
)
def test_what_one_more_costs_is_said_as_it_is_written(written: str, currency: str, said: str) -> None:
    plan = f"{{name: A, tier: 1, limits: {{calls: 5}}, overage: {{calls: {written}}}}}"
    documents = {
        "upsell.yaml": SETTINGS.replace("USD", currency),
        "catalog.yaml": f"plans: {{a: {plan}}}",
        "workflows/w.yaml": workflow(trigger=GATE, journey="[{webhook: {url: https://acme.example}}]"),
    }
    assert str(compile_documents(documents).program.catalog.plans["a"].overage["calls"]) == said


PAID_BY_RESULT = CATALOG.replace(
    "  team: {kind: upgrade, plan: team, title: Team,",
    "  team: {kind: upgrade, plan: team, outcome: {per: booking made, price: 2}, title: Team,",
)


def test_a_price_per_result_is_said_as_what_it_is_and_no_other_beside_it() -> None:
    # Whoever pays in euros is told the price as it is written, in dollars.
    terms = terms_of(asked(on(told("team", catalog=PAID_BY_RESULT), "starter", currency="EUR")))
    said = {name: terms[name] for name in ("outcome_price", "outcome_per", "currency", "thing", "interval")}
    assert said == {
        "outcome_price": 200,
        "outcome_per": "booking made",
        "currency": "USD",
        "thing": "team",
        "interval": "",
    }
    assert [terms[name] for name in ("full", "price", "unit_price", "cost", "saving")] == [None] * 5


def test_a_prompt_holds_a_price_per_result() -> None:
    journey = "[{prompt: {placement: page, offer: team}}, {wait: 30 days}]"
    program = make_program({"w": workflow(trigger=GATE, journey=journey)}, catalog=PAID_BY_RESULT)
    story = on(Story(program), "starter").happens("Feature Gate Hit")
    story.happens("Placement Asked", placement="page")
    (prompt,) = [each for each in story.recorded() if each.name == PROMPT_OFFERED]
    assert prompt.properties["terms"] == {
        "offer": "team",
        "thing": "team",
        "name": "Team",
        "currency": "USD",
        "quantity": 1.0,
        "outcome_price": 200,
        "outcome_per": "booking made",
    }


def test_nothing_is_taken_off_a_price_per_result() -> None:
    catalog = PAID_BY_RESULT.replace("price: 2}, title: Team,", "price: 2}, discount: 10%, title: Team,")
    with pytest.raises(DefinitionError, match="expected no discount beside outcome"):
        told("business", catalog=catalog)
