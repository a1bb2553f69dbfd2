"""What Stripe would charge, and where it is paid, on the pages of customers in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.acceptance.browsing import check_usable, in_a_browser, open_browser, open_page, serving
from tests.acceptance.test_stripe_billing import Till, mail_offer
from tests.live_world import open_world
from tests.stripe_billing.server import open_stripe_server
from upsell.web.app import make_app

pytestmark = in_a_browser


@pytest.fixture
def till(database: str) -> Iterator[Till]:
    with open_world(database) as world, open_stripe_server() as (stripe, url):
        till = Till(world, database)
        till.begin(stripe, url)
        yield till
        till.decider.close()


def test_everybody_can_read_what_is_charged_and_go_on_to_pay(till: Till, tmp_path: Path) -> None:
    path = mail_offer(till)
    with (
        serving(make_app(till.url, till.world.clock, settings=till.settings)) as base,
        open_browser() as browser,
    ):
        check_usable(open_page(browser, base + path, 1280, "light"), tmp_path / "charged-light.png")
        page = open_page(browser, base + path, 320, "dark")
        expect(page.get_by_text("Charged when you accept")).to_be_visible()
        check_usable(page, tmp_path / "charged-dark.png")
        till.stripe.customers["cus_ada"]["invoice_settings"]["default_payment_method"] = None
        page.get_by_role("button", name="Get Pro").click()
        pay = page.get_by_role("link", name="Pay now")
        assert (pay.get_attribute("href") or "").startswith("https://checkout.stripe.com/")
        check_usable(page, tmp_path / "pay.png")
        page.goto(base + "/paid")
        check_usable(page, tmp_path / "paid.png")
