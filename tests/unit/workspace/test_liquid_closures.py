"""Templates made into functions say what the library says, and refuse what it refuses: it is asked."""

# A template that is cut at its line end would be another one.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import LiquidError

from upsell.money import Money
from upsell.workspace.liquid_closures import Closure
from upsell.workspace.liquid_environment import LARGEST, html_environment, text_environment
from upsell.workspace.locales import Amount, Instant, Manner, told_number, told_share

MANNER = Manner("de", "Europe/Berlin")
FACTS: dict[str, Any] = {
    "locale": MANNER,
    "customer": {"first_name": "A&B <i>", "bare": "", "nought": 0, "no": False, "yes": True, "size": "XL"},
    "account": {},
    "plan": {"id": "pro", "limits": {"reports": told_number(1234.5, MANNER)}, "tags": ["a-b", "<c>"]},
    "offer": {
        "total": Amount(Money(4900, "EUR"), MANNER),
        "discount": told_share(0.1, MANNER),
        "months": told_number(3, MANNER),
        "expires_at": Instant(1_800_000_000_000_000, MANNER),
        "interval": "month",
        "features": ["sso", "audit-log"],
    },
    "plans": [{"name": "Free", "tier": 0}, {"name": "Pro", "tier": 2}],
}

PIECES = (
    "words ",
    " \n ",
    "{{ customer.first_name }}",
    "{{ customer.middle_name }}",
    '{{ customer.middle_name | default: "<b>there</b>" }}',
    "{{ customer }}{{ customer.size }}{{ account.size }}",
    "{{ nobody }}",
    "{{ nobody.name }}",
    "{{ plan.limits.reports }} {{ plan.limits.seats }}",
    "{{ plan.tags[1] }}{{ plan.tags.first }}{{ plan.tags.last }}{{ plan.tags.size }}",
    "{{ plan.tags[9] }}",
    "{{ plan.id.name }}",
    "{{ plans[1].name | upcase | append: '&' }}",
    "{{ plan[customer.yes] }}{{ true }}{{ nil }}{{ 1.5 }}{{ 'x<y' }}",
    "{{ offer.total }} {{ offer.total | money: style: 'short' }} {{ offer.discount }} {{ offer.months }}",
    "{{ offer.expires_at | date: 'full' }}{{ customer.first_name | date }}",
    "{{ offer.total | plus: 1 }}",
    "{{ customer.nought | divided_by: 0 }}",
    "{{ customer.first_name | truncate: 3, '' }}{{ customer.first_name | split: ' ' | join: '-' }}",
    "{% if customer.bare %}empty is true{% endif %}{% if customer.no %}no{% else %}not{% endif %}",
    "{% if account.name and customer.yes or customer.nought %}yes{% endif %}",
    "{% if offer.discount > 0 %}off{% endif %}{% if offer.months == 3 %}three{% endif %}",
    "{% if offer.total >= 49 %}much{% elsif offer.total %}some{% else %}none{% endif %}",
    "{% if offer.nothing > 3 %}x{% elsif offer.nothing == nil %}nil{% endif %}",
    "{% if offer.nothing <= 3 %}x{% endif %}{% if plan.id > 3 %}x{% endif %}",
    "{% if plan.id == 'pro' %}p{% endif %}{% if plan.id != 'pro' %}q{% endif %}{% if plan.tags == empty %}e{% endif %}",
    "{% if plan.tags contains 'a-b' %}c{% endif %}{% if customer.yes == true %}t{% endif %}",
    "{% if customer.nought < 1 %}n{% endif %}{% if 'b' > 'a' %}m{% endif %}",
    "{% unless account.name %}nobody's{% else %}{{ account.name }}{% endunless %}",
    "{% if customer.yes %} {% assign here = 'set' %} {% endif %}{{ here }}",
    "{% case offer.interval %}{% when 'year' %}a year{% when 'month', 'month' %}a month{% else %}once{% endcase %}",
    "{% case offer.months %}{% when 3, 'month' %}three{% endcase %}{% case plan.id %}{% when 'pro' or 7 %}p{% when empty %}e{% else %}o{% endcase %}",
    "{% case customer.bare %}{% when blank %}b{% else %}o{% endcase %}{% case '<' %}{% when '<' %}lt{% when nil %}n{% endcase %}",
    "{% case offer.nothing %}{% when 'year' %}a year{% else %}once{% endcase %}",
    "{% for each in plans %}{{ forloop.index }}{{ each.name }}{% if forloop.last %}.{% endif %}{% endfor %}",
    "{% for each in plans %}{% if each.tier == 2 %}{% break %}{% endif %}{% continue %}x{% endfor %}",
    "{% for each in account %}x{% else %}none{% endfor %}{% for n in (1..3) reversed %}{{ n }}{% endfor %}",
    "{% for each in plans %}{% for tag in plan.tags %}{{ forloop.parentloop.index }}{{ tag }}{% endfor %}{% endfor %}",
    "{% for each in plans limit: 1 %}{{ each.name }}{% endfor %}{% for each in plans offset: continue %}-{% endfor %}",
    "{% for each in plans %}{% endfor %}{% for each in plans offset: continue %}none is left{% endfor %}",
    "{% for each in plan.tags %}{{ each }}{% assign each = 'own' %}{{ each }}{% endfor %}{{ each }}",
    "{% assign customer = plan %}{{ customer.id }}{{ customer.first_name | default: 'none' }}",
    "{% for plan in plans %}{{ plan.name }}{% endfor %}{{ plan.id }}{% increment plan %}",
    "{% for each in nobody %}x{% endfor %}",
    "{% capture held %}<b>{{ plan.id }}</b>{% endcapture %}{{ held }}",
    "{% assign label = 'Look at ' | append: plan.id %}{{ label | upcase }}{{ label }}",
    "{% within 'go', label: plan.id, gone: account.name %}[{{ label }}{{ gone | default: '-' }}{{ here }}]{% endwithin %}",
    "{% within 'row' for plans as each %}{{ each.name }}{{ forloop.index }};{% endwithin %}",
    "{% within 'row' with plan as each %}{{ each.id }}{% endwithin %}",
    "{% comment %}said to nobody{% endcomment %}{% cycle 'a', 'b' %}{% increment n %}",
    "{% echo plan.id %}{% liquid assign n = 1\necho n %}{% raw %}{{ x }}{% endraw %}{% # note %}",
    "{% break %}",
    "{% for n in (1..20000) %}x{% endfor %}",
    "{{ partial }}{% if now %}now{% endif %}",
)


def said(render: Any) -> str:
    """Give what is rendered, or how it is refused."""
    try:
        return str(render(FACTS))
    except LiquidError as error:
        return f"{type(error).__name__}: {error.message}"
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def held_to_the_library(source: str) -> None:
    for environment in (html_environment(), text_environment()):
        template = environment.from_string(source)
        assert said(Closure(template).render) == said(template.render), source


@pytest.mark.parametrize("source", PIECES)
def test_each_part_of_liquid_says_what_the_library_says(source: str) -> None:
    held_to_the_library(source)


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_parts_side_by_side_say_what_the_library_says(parts: list[str]) -> None:
    held_to_the_library("".join(parts))


@given(
    st.sampled_from(
        ["{%% if account.name %%}%s{%% else %%}%s{%% endif %%}", "{%% for n in (1..2) %%}%s %s{%% endfor %%}"]
    ),
    st.sampled_from(PIECES),
    st.sampled_from(PIECES),
)
def test_parts_within_others_say_what_the_library_says(around: str, one: str, other: str) -> None:
    held_to_the_library(around % (one, other))


def test_the_same_template_asks_anew_for_each_reader() -> None:
    closure = Closure(text_environment().from_string('{{ customer.name | default: "you" }}{{ plan.id }}'))
    names: tuple[dict[str, str], ...] = ({}, {"name": "Ada"}, {})
    assert [closure.render({"customer": name, "plan": {"id": "!"}}) for name in names] == [
        "you!",
        "Ada!",
        "you!",
    ]


def test_what_grows_too_large_in_a_loop_is_stopped_before_it_has_grown() -> None:
    words = "w" * (LARGEST // 10)
    source = f"{{% for n in (1..10000) %}}{words}{{% endfor %}}"
    template = text_environment().from_string(source)
    assert said(Closure(template).render) == said(template.render)
    assert "it grows too large" in said(Closure(template).render)
