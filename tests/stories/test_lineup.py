"""The line-up: only what they have or may move to, in one order, and what is not known is said to be so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_offers import CATALOG, LADDER, asked, on, told, uses
from tests.stories.world import DAY, SETTINGS, Story, workflow
from upsell.channels.channel import Letter
from upsell.channels.render import template_facts, write_letter
from upsell.decisions.lineup import ListedPlan, Stated
from upsell.errors import DefinitionError, DeliveryError
from upsell.journeys.effects import Speak
from upsell.journeys.explain import explain_standing
from upsell.runtime.explained import standing_content
from upsell.workspace.compile import compile_documents


def plans_of(story: Story) -> tuple[ListedPlan, ...]:
    standing = explain_standing(story.program, story.household, story.household.id, story.now)
    assert standing is not None
    return standing.plans


def ids(plans: tuple[ListedPlan, ...]) -> list[str]:
    return [plan.id for plan in plans]


def test_what_is_sold_to_them_in_their_family_and_in_reach_stands_in_it_from_the_smallest() -> None:
    assert ids(plans_of(on(told("team"), "starter"))) == ["free", "starter", "team", "business"]
    assert ids(plans_of(told("team", catalog=LADDER))) == ["free", "starter"]
    there = on(told("team"), "starter").happens("Customer Identified", country="de")
    assert ids(plans_of(there)) == ["free", "starter", "local", "team", "business"]


def test_what_they_have_stands_in_it_also_when_it_is_sold_no_more() -> None:
    plans = plans_of(on(told("team"), "old"))
    assert [plan.id for plan in plans if plan.is_present] == ["old"]
    assert ids(plans) == ["free", "starter", "old", "team", "business"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ascending", ["free", "starter", "team", "business"]),
        ("descending", ["business", "team", "starter", "free"]),
        ("fitting", ["team", "free", "starter", "business"]),
    ],
)
def test_the_order_is_the_policys(order: str, expected: list[str]) -> None:
    policy = f"policy: {{pricing: {{order: {order}}}}}"
    # 40 a day are some 1,200 a period, which Team holds for least.
    story = uses(on(told("team", policy=policy), "starter"), 40, days=10)
    plans = plans_of(story)
    assert ids(plans) == expected
    assert [plan.id for plan in plans if plan.is_fitting] == ["team"]


def test_without_a_plan_that_fits_the_fitting_order_is_from_the_smallest() -> None:
    story = on(told("team", policy="policy: {pricing: {order: fitting}}"), "starter")
    assert ids(plans_of(story)) == ["free", "starter", "team", "business"]
    assert not any(plan.is_fitting for plan in plans_of(story))


def test_prices_are_in_the_currency_they_pay_and_what_is_not_stated_is_said_to_be_unknown() -> None:
    # Oracle: the prices and limits written in the catalog.
    plans = {plan.id: plan for plan in plans_of(on(told("team"), "starter", currency="EUR"))}
    assert plans["starter"].prices["month"] == Stated("27.00 EUR", 2_700)
    assert plans["starter"].prices["year"] == Stated("unknown"), "290 a year is in USD"
    assert plans["business"].prices["month"] == Stated("unknown")
    assert plans["free"].prices["month"] == Stated("unknown"), "nothing in USD is not nothing in EUR"
    assert plans["team"].limits == {"reports": Stated("2,000", 2_000), "seats": Stated("20", 20)}
    assert plans["business"].limits == {"reports": Stated("unlimited"), "seats": Stated("unknown")}
    assert plans["team"].features == ("export", "sso")


def mailed(html: str, offer: str, **more: str) -> Letter:
    documents = {
        "upsell.yaml": SETTINGS,
        "catalog.yaml": more.get("catalog", CATALOG),
        "workflows/w.yaml": workflow(
            trigger="{on: Feature Gate Hit}", journey=f"[{{email: {{content: hello, offer: {offer}}}}}]"
        ),
        "templates/hello.html": f"---\nsubject: Hi\n---\n{html}\n",
    }
    story = on(Story(compile_documents(documents).program, delivers=False), "starter")
    story.happens("Feature Gate Hit")
    (message,) = story.mails()
    return write_letter(story.program, story.household, message, story.now)


def test_a_mail_puts_plans_side_by_side() -> None:
    html = (
        "{% for each in plans %}{{ each.name }} {{ each.prices.month.text }} {{ each.limits.reports.text }}"
        "{% if each.is_present %} (yours){% endif %}{% if each.is_offered %} (offered){% endif %}"
        "{% unless each.prices.year.amount %} not by the year{% endunless %};{% endfor %}"
    )
    assert mailed(html, "team").html == (
        "Free $0.00 50 not by the year;Starter $29.00 500 (yours);Team $99.00 2,000 (offered);"
        "Business $299.00 unlimited not by the year;\n"
    )


def test_an_offer_of_another_family_is_set_beside_that_familys_plans() -> None:
    html = "{% for each in plans %}{{ each.id }} {{ each.is_present }} {{ each.is_offered }};{% endfor %}"
    assert mailed(html, "chat").html == "chat false true;\n"


@pytest.mark.parametrize(
    ("html", "told_of"),
    [
        ("{% for each in plans %}{{ each.nmae }}{% endfor %}", "did you mean each.name?"),
        ("{% for a in plans %}{% if a.is_offred %}x{% endif %}{% endfor %}", "did you mean a.is_offered?"),
        ("{% for each in plan %}{{ each }}{% endfor %}{{ planss }}", "did you mean plans?"),
    ],
)
def test_a_name_no_plan_has_is_told_at_check(html: str, told_of: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        mailed(html, "team")
    assert any(told_of in str(problem) for problem in caught.value.problems), caught.value.problems


def test_a_loop_through_something_else_by_the_same_name_is_let_be() -> None:
    html = "{% for x in plans %}{% for y in x.features %}{{ y }} {% endfor %}{% endfor %}"
    assert "export" in mailed(html, "team").html
    twice = "{% for x in plans %}{{ x.id }}{% endfor %}{% for x in offer.features %}{{ x.size }}{% endfor %}"
    assert mailed(twice, "team").html.startswith("free")


def test_an_amount_that_is_not_known_has_no_number_and_stops_a_letter_that_shows_one() -> None:
    with pytest.raises(DeliveryError, match="amount"):
        mailed("{% for each in plans %}{{ each.prices.year.amount }}{% endfor %}", "team")


def test_explain_says_the_same_to_machines() -> None:
    story = on(told("team"), "starter")
    content: dict[str, Any] = (
        standing_content(explain_standing(story.program, story.household, "c:ada", story.now)) or {}
    )
    assert content["plans"][1] == {
        "id": "starter",
        "name": "Starter",
        "tier": 1,
        "currency": "USD",
        "prices": {
            "month": {"text": "29.00 USD", "amount": 2_900},
            "year": {"text": "290.00 USD", "amount": 29_000},
        },
        "features": ["export"],
        "limits": {"reports": {"text": "500", "amount": 500.0}, "seats": {"text": "5", "amount": 5.0}},
        "is_present": True,
        "is_fitting": False,
        "is_offered": False,
    }
    assert content["plans"][0]["limits"]["seats"] == {"text": "unknown", "amount": None}


def test_what_was_offered_stays_in_the_line_up_while_it_is_honoured() -> None:
    story = on(told("cheap"), "starter")
    mail = asked(story)
    assert isinstance(mail, Speak)
    sold_no_more = told(
        "team", catalog=CATALOG.replace("features: [export, sso], cost: 60", "for_sale: false")
    )
    facts = template_facts(sold_no_more.program, story.household, mail, story.now + DAY)
    assert [plan["id"] for plan in facts["plans"] if plan["is_offered"]] == ["team"]
