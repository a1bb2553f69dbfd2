"""Pages of what can be wrong with the catalog."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page

PAGES: Final = (
    Page(
        code="id",
        meaning="Two things that are named in one way have one id.",
        remedy="Call one of them otherwise: a subscription names plans and products alike, a mapping "
        "files and tables.",
        wrong="""\
# catalog.yaml
products:
  team: {kind: add-on, name: Team seats}
""",
        right="""\
# catalog.yaml
products:
  team-seats: {kind: add-on, name: Team seats}
""",
    ),
    Page(
        code="too-precise",
        meaning="An amount is finer than the currency's smallest unit.",
        remedy="Write it to that unit; amounts are never rounded.",
        wrong="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29.995}
""",
        right="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29.99}
""",
    ),
    Page(
        code="overage",
        meaning="Overage is priced for a metric that has no limit.",
        remedy="State the limit: overage is what is used beyond it.",
        wrong="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, overage: {reports: 0.20}}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
        right="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 500}, overage: {reports: 0.20}}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
    ),
    Page(
        code="bundle",
        meaning="A product contains others and is no bundle, or is a bundle and contains nothing.",
        remedy="contains stands in a product of kind bundle, and nowhere else.",
        wrong="""\
# catalog.yaml
products:
  sso: {kind: add-on, name: Single sign-on}
  all: {kind: add-on, name: Everything, contains: [sso]}
""",
        right="""\
# catalog.yaml
products:
  sso: {kind: add-on, name: Single sign-on}
  all: {kind: bundle, name: Everything, contains: [sso]}
""",
    ),
    Page(
        code="offer",
        meaning="An offer is about several things at once, or its terms do not belong together.",
        remedy="An offer is about one thing; months and budget stand beside a discount.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, seats: 5, title: Business with five seats}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business}
""",
    ),
    Page(
        code="stripe-price",
        meaning="An id of a price at Stripe stands where the catalog states no price.",
        remedy="State the price for the same interval and currency: what Stripe charges is held against it.",
        wrong="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, price: {month: 49}, stripe: {month: {EUR: price_1TeamEur}}}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
        right="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, price: {month: {EUR: 45}}, stripe: {month: {EUR: price_1TeamEur}}}
  business: {name: Business, tier: 2, limits: {reports: 2000}}
""",
    ),
    Page(
        code="stripe-twice",
        meaning="Two things, or two intervals of one, have the same price at Stripe.",
        remedy="Make a price of its own at Stripe: what somebody holds is told by the price they pay.",
        wrong="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, price: {month: 49}, stripe: {month: price_1T}}
  business:
    {name: Business, tier: 2, limits: {reports: 2000}, price: {month: 149},
     stripe: {month: price_1T}}
""",
        right="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, price: {month: 49}, stripe: {month: price_1T}}
  business:
    {name: Business, tier: 2, limits: {reports: 2000}, price: {month: 149},
     stripe: {month: price_1B}}
""",
    ),
    Page(
        code="stripe-coupon",
        meaning="An offer names a coupon at Stripe and takes nothing off, or not the same for everybody.",
        remedy="Give it one discount, or leave the coupon out: one is made at Stripe for each share.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, stripe: {coupon: SPRING10}}
""",
        right="""\
# catalog.yaml
offers:
  grow:
    {kind: upgrade, plan: business, title: Business, discount: 10%, months: 3,
     stripe: {coupon: SPRING10}}
""",
    ),
    Page(
        code="fallback-circle",
        meaning="Fallbacks lead back to the offer they began with.",
        remedy="Leave fallback out of the last one.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, fallback: yearly}
  yearly: {kind: upgrade, interval: year, title: Paid yearly, fallback: grow}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, fallback: yearly}
  yearly: {kind: upgrade, interval: year, title: Paid yearly}
""",
    ),
    Page(
        code="premium-circle",
        meaning="Premium items lead back to the one they began with.",
        remedy="Leave premium out of the best one.",
        wrong="""\
# catalog.yaml
items:
  kettle: {name: Kettle, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro, premium: kettle}
""",
        right="""\
# catalog.yaml
items:
  kettle: {name: Kettle, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro}
""",
    ),
)
"""The pages of this module."""
