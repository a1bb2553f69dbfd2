"""Pages of the team: every one of them, behind the gate."""

from __future__ import annotations

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.overview import ReportBook
from upsell.runtime.porter import Porter
from upsell.runtime.results import Results
from upsell.runtime.shelf import Shelf
from upsell.store.lending import Lender
from upsell.web.cookies import jar_of
from upsell.web.gate import Gate
from upsell.web.pages.charts import charts_route
from upsell.web.pages.components import components_route
from upsell.web.pages.customers import customer_routes
from upsell.web.pages.home import home_routes
from upsell.web.pages.log import log_route
from upsell.web.pages.reports import report_routes
from upsell.web.pages.results import results_routes
from upsell.web.pages.sign_in import sign_in_routes
from upsell.web.pages.static import static_files
from upsell.web.pages.workflow import workflow_route
from upsell.web.unhandled import answer_unhandled


class TeamPages:
    """The pages of the team over the database at a URL, for as long as a server runs."""

    def __init__(self, url: str, clock: Clock, settings: Settings) -> None:
        """Open nothing yet."""
        self._lender = Lender(url)
        self._clock = clock
        self._jar = jar_of(settings)
        self._book: ReportBook | None = None
        self._shelf: Shelf | None = None

    def routes(self) -> list[Router]:
        """Give the pages for users who sign in."""
        porter = Porter(self._lender, self._clock)
        signing = sign_in_routes(porter, self._jar, self._clock)
        return Gate(porter, self._jar).behind([*signing, *self._pages(None)])

    def guest_app(self, results: Results | None = None) -> Litestar:
        """Give an application of the pages alone, for whoever reaches it, who can change nothing.

        For the simulated company on this machine; with ``results`` these are shown.
        """
        gated = Gate(None, self._jar).behind(self._pages(results))
        return Litestar(
            gated,
            exception_handlers={Exception: answer_unhandled},
            openapi_config=None,
            logging_config=None,
            on_shutdown=[self.close],
        )

    def begin(self) -> None:
        """Have the report read, so that whoever asks first need not wait for it."""
        if self._book is not None:
            self._book.begin()

    def close(self) -> None:
        """Break off what is being read, and give the connections back."""
        if self._shelf is not None:
            self._shelf.close()
        self._lender.close()

    def _pages(self, results: Results | None) -> list[HTTPRouteHandler]:
        lender, clock = self._lender, self._clock
        book = self._book = ReportBook(lender, clock, results)
        shelf = self._shelf = Shelf(lender, clock, book)
        return [
            *home_routes(lender, book, clock),
            *results_routes(book.read, shelf),
            *report_routes(shelf),
            charts_route(shelf),
            workflow_route(lender, book, clock),
            *customer_routes(lender, clock),
            log_route(lender),
            components_route(),
            static_files,
        ]
