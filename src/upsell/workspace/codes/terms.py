"""Pages of what can be wrong with discounts and their budgets, with paths between plans, and with peers."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page, Subject

_BUDGETED = """\
# workflows/room.yaml
discount_budget: 500
"""

PAGES: Final = (
    Page(
        code="path",
        meaning="A plan leads to itself, to one that is not for sale, or to one of another family.",
        remedy="leads_to names the other plans of its family that one may move to; [] says none.",
        wrong="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 500}, leads_to: [team, business]}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
        right="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 500}, leads_to: [business]}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
    ),
    Page(
        code="no-path",
        meaning="An offer is of a plan that no other plan leads to.",
        why="Whoever could be made the offer may not take it, so it is never made.",
        remedy="Let a plan lead to it, or drop the offer.",
        wrong="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 500}, leads_to: []}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
        right="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 500}, leads_to: [business]}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
        is_lint=True,
    ),
    Page(
        code="discount-steps",
        meaning="The steps of a discount by value do not ascend, or none takes anything off.",
        remedy="Begin with the least value; one at least takes something off.",
        wrong="""\
# catalog.yaml
offers:
  grow:
    kind: upgrade
    plan: business
    title: Business
    months: 3
    discount: {of: usage_ratio('reports'), steps: [{from: 0.5, off: 10%}, {from: 0, off: 5%}]}
""",
        right="""\
# catalog.yaml
offers:
  grow:
    kind: upgrade
    plan: business
    title: Business
    months: 3
    discount: {of: usage_ratio('reports'), steps: [{from: 0, off: 5%}, {from: 0.5, off: 10%}]}
""",
    ),
    Page(
        code="discount-value",
        meaning="A discount that an account is offered goes by a value that only a person has.",
        why="An account has no customer or cart of its own, so nothing is taken off.",
        remedy="Let it go by what the account has or does, or offer it in a workflow of customers.",
        wrong="""\
# catalog.yaml
offers:
  grow:
    kind: upgrade
    plan: business
    title: Business
    months: 3
    discount: {of: customer.seats, steps: [{from: 5, off: 10%}]}
# upsell.yaml
traits: {customer: {email: text, first_name: text, seats: number}}
""",
        right="""\
# catalog.yaml
offers:
  grow:
    kind: upgrade
    plan: business
    title: Business
    months: 3
    discount: {of: account.seats, steps: [{from: 5, off: 10%}]}
# upsell.yaml
traits: {customer: {email: text, first_name: text}, account: {seats: number}}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="discount-budget",
        meaning="A discount budget is nothing, or belongs to a workflow that gives no discount.",
        remedy="Give it an amount, and let a step make an offer that has a discount; or drop it.",
        wrong=_BUDGETED,
        right=f"""\
# catalog.yaml
offers:
  grow: {{kind: upgrade, plan: business, title: Business, discount: 10%, valid_for: 14 days}}
{_BUDGETED}""",
    ),
    Page(
        code="open-discount",
        meaning="A budgeted discount is offered without an end.",
        why="What was shown is honoured, also after the budget is spent: without an end it stays open for "
        "ever, and the budget is no bound.",
        remedy="Say valid_for or available_until in the offer.",
        wrong=f"""\
# catalog.yaml
offers:
  grow: {{kind: upgrade, plan: business, title: Business, discount: 10%, months: 3}}
{_BUDGETED}""",
        right=f"""\
# catalog.yaml
offers:
  grow: {{kind: upgrade, plan: business, title: More, discount: 10%, months: 3, valid_for: 14 days}}
{_BUDGETED}""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="budget-currency",
        meaning="A budgeted discount can be taken at prices in another currency.",
        why="Currencies are never added, so what is given in another one does not count against the budget.",
        remedy="Price the plan in the budget's currency alone, or waive it and watch the other by hand.",
        wrong=f"""\
# catalog.yaml
plans:
  team: {{name: Team, tier: 1, price: {{month: 49}}, limits: {{reports: 500}}}}
  business: {{name: More, tier: 2, price: {{month: {{USD: 149, EUR: 139}}}}, limits: {{reports: 2000}}}}
offers:
  grow: {{kind: upgrade, plan: business, title: Business, discount: 10%, valid_for: 14 days}}
{_BUDGETED}""",
        right=f"""\
# catalog.yaml
plans:
  team: {{name: Team, tier: 1, price: {{month: 49}}, limits: {{reports: 500}}}}
  business: {{name: Business, tier: 2, price: {{month: 149}}, limits: {{reports: 2000}}}}
offers:
  grow: {{kind: upgrade, plan: business, title: Business, discount: 10%, valid_for: 14 days}}
{_BUDGETED}""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="rail-currency",
        meaning="A discount can be taken at prices at which a price guardrail cannot be asked.",
        why="Amounts of policy.pricing and costs are in the workspace's currency, and currencies are never "
        "compared. At a price in another one budget_per_unit, and min_margin where a cost is stated, cannot "
        "be asked; the discount is then refused, with the reason price_guardrail.",
        remedy="Price what has the discount in one currency, or drop the guardrail, or waive it.",
        wrong="""\
# upsell.yaml
policy: {pricing: {budget_per_unit: 300}}
# catalog.yaml
plans:
  team: {name: Team, tier: 1, price: {month: 49}, limits: {reports: 500}}
  business: {name: More, tier: 2, price: {month: {USD: 149, EUR: 139}}, limits: {reports: 2000}}
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 10%, valid_for: 14 days}
""",
        right="""\
# upsell.yaml
policy: {pricing: {budget_per_unit: 300}}
# catalog.yaml
plans:
  team: {name: Team, tier: 1, price: {month: 49}, limits: {reports: 500}}
  business: {name: Business, tier: 2, price: {month: 149}, limits: {reports: 2000}}
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 10%, valid_for: 14 days}
""",
        is_lint=True,
        waived_in=Subject.OFFER,
    ),
    Page(
        code="benchmark",
        meaning="Peers are compared by a trait that is no text.",
        remedy="Name a declared trait that peers share as a word, such as an industry.",
        wrong="""\
# upsell.yaml
traits: {customer: {email: text, first_name: text}, account: {seats: number}}
# catalog.yaml
benchmark: {by: account.seats}
""",
        right="""\
# upsell.yaml
traits: {customer: {email: text, first_name: text}, account: {industry: text}}
# catalog.yaml
benchmark: {by: account.industry}
""",
    ),
    Page(
        code="unknown-trait",
        meaning="Peers are compared by a trait that upsell.yaml does not declare.",
        remedy="Declare it under traits, or name one that is.",
        wrong="""\
# upsell.yaml
traits: {customer: {email: text, first_name: text}, account: {industry: text}}
# catalog.yaml
benchmark: {by: account.industri}
""",
        right="""\
# upsell.yaml
traits: {customer: {email: text, first_name: text}, account: {industry: text}}
# catalog.yaml
benchmark: {by: account.industry}
""",
    ),
)
"""The pages, in the order in which they are listed."""
