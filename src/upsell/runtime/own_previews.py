"""Own previews: mails that no workflow sends, about an order that is made up.

For ``upsell preview``. The law: what is made up says what a real one would, and stands for nobody's order.
"""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.catalog.plans import BillingInterval, Plan
from upsell.channels.link_facts import DECIDE, LINK
from upsell.clock import DAY, Moment
from upsell.decisions.holdings import Had
from upsell.decisions.terms import Terms
from upsell.errors import ConfigError
from upsell.ids import UnitId
from upsell.journeys.effects import OF_ORDER, Speak
from upsell.journeys.program import Program
from upsell.runtime.colleagues import TEMPLATE as COLLEAGUE
from upsell.runtime.order_mails import TEMPLATE as ORDER
from upsell.runtime.order_mails import News, mail_of
from upsell.store.orders import Order, OrderState, Via

OF_OWN: Final = frozenset({ORDER, COLLEAGUE})
"""The templates of mails that no workflow sends."""

_KEY: Final = "0" * 32
_PRICE: Final = 14_900


def made_up_mail(
    program: Program, household_id: UnitId, customer_id: str, template: str, news: str, now: Moment
) -> Speak:
    """Give a mail about an order that is made up, of the dearest plan that the catalog has a price for.

    Args:
        program: What is live.
        household_id: Who would pay.
        customer_id: Whom it is written to.
        template: ``order`` or ``colleague``.
        news: What the template ``order`` tells; empty for that it is theirs.
        now: The present.

    Raises:
        ConfigError: There is no such news.
    """
    known = [each.value for each in News]
    if (news or known[0]) not in known or (news and template != ORDER):
        got = news if template == ORDER else f"{news} with the template {template}"
        msg = f"--news: expected one of {', '.join(known)}, with the template {ORDER}, got {got}"
        raise ConfigError(msg)
    told = News(news or known[0])
    mail = mail_of(_order(program, household_id, customer_id, told, now), told, now)
    if template == ORDER:
        return mail
    about = {**mail.trigger, "by": "Grace", "message": "We need it for the next quarter.", LINK: DECIDE}
    return msgspec.structs.replace(mail, step=OF_ORDER + COLLEAGUE, content=COLLEAGUE, trigger=about)


def _order(program: Program, household_id: UnitId, customer_id: str, news: News, now: Moment) -> Order:
    plan = _dearest(program)
    price = plan.price(BillingInterval.MONTH, program.currency) if plan is not None else None
    name = plan.name if plan is not None else "Pro"
    amount = price.amount if price is not None else _PRICE
    currency = price.currency if price is not None else program.currency
    is_back = news in (News.RETURNED, News.RETURNING)
    return Order(
        key=_KEY,
        unit_id=household_id,
        household_id=household_id,
        customer_id=customer_id,
        offer="made-up",
        thing="made-up",
        kind="return" if is_back else "upgrade",
        trial_days=0,
        converts=False,
        terms=Terms("made-up", "made-up", name, currency, "month", 1.0, amount, amount, amount),
        workflow="",
        enrollment="",
        via=Via.PAGE,
        accepted_at=now,
        state=OrderState.ACCEPTED,
        decide_by=now + 7 * DAY if news is News.ASKED else None,
        guarantee="[the guarantee of the offer]",
        downgrade="[the way back of the offer]",
        guarantee_until=now + DAY,
        had=Had("made-up", "[what they had]") if is_back else None,
        returns=_KEY if is_back else "",
        pay_url="https://checkout.stripe.com/c/pay/made-up" if news is News.TO_PAY else "",
        pay_by=now + DAY if news is News.TO_PAY else None,
        paid=amount if news is News.CONFIRMED else None,
        refunded=amount if news is News.RETURNED else None,
    )


def _dearest(program: Program) -> Plan | None:
    plans = program.catalog.plans.values()
    priced = [plan for plan in plans if plan.price(BillingInterval.MONTH, program.currency) is not None]
    return max(priced, key=lambda plan: (plan.tier, plan.id), default=None)
