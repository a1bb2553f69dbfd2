"""Pages of the team: every one of them, behind the gate."""

from __future__ import annotations

from typing import Protocol

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.change_book import ChangeBook
from upsell.runtime.checked_book import open_checked_book
from upsell.runtime.counted import CountBook
from upsell.runtime.explaining import Shelf
from upsell.runtime.incoming import IncomingBook
from upsell.runtime.overview import ReportBook
from upsell.runtime.porter import Porter
from upsell.runtime.results import Results
from upsell.runtime.shelf import ReportShelf
from upsell.runtime.task_desk import TaskDesk
from upsell.store.lending import Lender
from upsell.web.cookies import jar_of
from upsell.web.gate import Gate
from upsell.web.pages.approvals import approval_routes
from upsell.web.pages.change_forms import change_forms
from upsell.web.pages.change_writing import writing_routes
from upsell.web.pages.changes import change_routes
from upsell.web.pages.channels import channel_routes
from upsell.web.pages.charts import charts_route
from upsell.web.pages.components import components_route
from upsell.web.pages.connections import connections_route
from upsell.web.pages.contact import contact_route
from upsell.web.pages.customers import customer_routes
from upsell.web.pages.experiments import experiment_routes
from upsell.web.pages.guardrails import guardrail_routes
from upsell.web.pages.home import home_routes
from upsell.web.pages.keys import key_routes
from upsell.web.pages.log import log_route
from upsell.web.pages.margins import margins_route
from upsell.web.pages.message_acts import message_acts
from upsell.web.pages.offering import offering_routes
from upsell.web.pages.outbox import outbox_routes
from upsell.web.pages.policy import policy_route
from upsell.web.pages.preview import preview_routes
from upsell.web.pages.queue import queue_route
from upsell.web.pages.reports import report_routes
from upsell.web.pages.results import results_routes
from upsell.web.pages.schema import schema_route
from upsell.web.pages.settings import settings_routes
from upsell.web.pages.sign_in import sign_in_routes
from upsell.web.pages.signals import signals_route
from upsell.web.pages.static import static_files
from upsell.web.pages.stops import stop_routes
from upsell.web.pages.stream import stream_route
from upsell.web.pages.task import task_route
from upsell.web.pages.task_forms import task_form_route
from upsell.web.pages.users import user_routes
from upsell.web.pages.workflow import workflow_route
from upsell.web.pages.workflow_acts import workflow_act_routes
from upsell.web.pages.workflow_people import people_route
from upsell.web.pages.workflow_versions import version_routes
from upsell.web.unhandled import answer_unhandled


class Kept(Protocol):
    """What is read beside whoever asks, for as long as a server runs."""

    def close(self) -> None:
        """Read nothing any more."""
        ...


class TeamPages:
    """The pages of the team over the database at a URL, for as long as a server runs."""

    def __init__(self, url: str, clock: Clock, settings: Settings) -> None:
        """Open nothing yet."""
        self._url = url
        self._lender = Lender(url)
        self._clock = clock
        self._settings = settings
        self._jar = jar_of(settings)
        self._book: ReportBook | None = None
        self._kept: list[Kept] = []

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
        for kept in self._kept:
            kept.close()
        self._lender.close()

    def _pages(self, results: Results | None) -> list[HTTPRouteHandler]:
        lender, clock = self._lender, self._clock
        book, shelf, settings = ReportBook(lender, clock, results), Shelf(), self._settings
        reports, checked = ReportShelf(lender, clock, book), open_checked_book(lender, book, clock)
        incoming, counts, changes = (
            IncomingBook(lender, book, clock),
            CountBook(lender, clock),
            ChangeBook(clock),
        )
        desk = TaskDesk(self._url, clock, is_logged=True)
        self._book = book
        # What is read for others ends after them.
        self._kept += [checked, counts, reports, book]
        return [
            *home_routes(lender, book, clock, settings.http_port),
            *results_routes(book.read, reports),
            *report_routes(reports),
            charts_route(reports),
            workflow_route(lender, book, counts, clock),
            people_route(lender, book, counts, clock),
            *version_routes(lender, book, counts, clock),
            *workflow_act_routes(lender, clock, book, changes),
            *customer_routes(lender, shelf, clock),
            *preview_routes(lender, shelf, clock),
            contact_route(lender, clock),
            queue_route(lender, shelf, clock),
            task_route(lender, shelf, clock),
            task_form_route(lender, shelf, desk, clock),
            *outbox_routes(lender, book, clock),
            *message_acts(lender, clock),
            *offering_routes(lender, book, clock),
            margins_route(book, clock),
            signals_route(incoming),
            schema_route(incoming),
            stream_route(lender, clock),
            log_route(lender),
            *settings_routes(),
            *user_routes(lender, clock, settings),
            *key_routes(lender, clock, settings),
            policy_route(lender, book.program),
            connections_route(lender, clock, settings),
            *channel_routes(lender, clock, settings, book.program),
            *approval_routes(lender, book, clock),
            *guardrail_routes(lender, book, clock),
            *experiment_routes(lender, book, checked, clock),
            *change_routes(lender, book, changes),
            *change_forms(lender, clock),
            *writing_routes(lender, clock, book, changes),
            *stop_routes(lender, clock),
            components_route(),
            static_files,
        ]
