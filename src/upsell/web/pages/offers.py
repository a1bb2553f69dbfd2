"""The page of an offer, and the page by which one goes back from what one took.

The laws: opening a page changes nothing but that it is known to have been opened, as with any link; whoever
takes an offer does so by a button that says the price, for an account only with the word that they may; no is
as easy to say as yes; what was answered is looked at anew, so that reloading it says nothing twice; and
what was promised is shown to whoever goes back.
"""

from __future__ import annotations

from concurrent.futures import Future
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.channels.charge_words import WORDS as CHARGE_WORDS
from upsell.channels.charge_words import charge_lines
from upsell.channels.footer import whom_and_where
from upsell.channels.fulfillers import Purchase
from upsell.channels.link_facts import DECIDE, DOWNGRADE, OFFER, QUOTE
from upsell.channels.scanners import Sign, read_signs
from upsell.channels.stripe_returner import BackForeseen, BackOutlook
from upsell.clock import Clock
from upsell.decisions.declines import Answer
from upsell.runtime.accept_checks import NotAcceptedError, Refusal
from upsell.runtime.accepting import Accept
from upsell.runtime.colleagues import ColleagueDesk, Wish
from upsell.runtime.fulfil_desk import FulfilDesk
from upsell.runtime.honouring import Held, HonourDesk, foreseen_of
from upsell.runtime.intake import Intake, OverloadedError
from upsell.runtime.landing import OfferDesk
from upsell.runtime.preferences import Desk
from upsell.runtime.shown_offers import Shown
from upsell.runtime.stripe_billing import ForesightDesk
from upsell.runtime.targets import TargetBook
from upsell.runtime.telling import refusal_words, tell
from upsell.store.ledger import Appended
from upsell.store.links import Came, VisitKind
from upsell.store.orders import OrderState, Via
from upsell.web.pages.back_view import back_news, foreseen_lines
from upsell.web.pages.customer import LARGEST_FORM, answered, customer_page, read_form, unknown_link
from upsell.web.pages.offer_view import Manner, manner_of, view_offer, whom_words

MAY_DECIDE: Final = "may_decide"
"""The box by which somebody says that they may decide for an account."""

ANSWERED: Final = "answered"
"""What an address says that is looked at because something was answered: nobody came by a link."""

LONGEST_SAID: Final = 200
"""How many characters of what somebody writes are kept."""

AnyRequest = Request[Any, Any, Any]
Form = dict[str, list[str]]

_log = structlog.get_logger(__name__)


class OfferPages:
    """Both pages over one database."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        desk: Desk,
        fulfil: FulfilDesk,
        colleagues: ColleagueDesk,
        targets: TargetBook,
        intake: Intake,
        foresight: ForesightDesk | None = None,
    ) -> None:
        """Open links with ``desk``, take what is accepted with ``fulfil``, and tell ``intake`` who came.

        Whoever may not accept asks ``colleagues``; ``foresight`` says beforehand what is charged, None where
        nobody can.
        """
        self._foresight = foresight
        self._desk = desk
        self._clock = clock
        self._fulfil = fulfil
        self._targets = targets
        self._intake = intake
        self._offers = OfferDesk(url, clock)
        self._colleagues = colleagues
        self._honours = HonourDesk(url, clock, fulfil)

    def routes(self) -> list[HTTPRouteHandler]:
        """Give the routes ``/a/<token>``, ``/c/<token>`` for a colleague, and ``/d/<token>``."""

        @route(["/a/{token:str}", "/c/{token:str}"], http_method=["GET", "HEAD"], include_in_schema=False)
        async def show_offer(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
            """Show an offer; nothing is changed."""
            return await answered(request, lambda accepted: self._show(request, token, accepted))

        @route(
            ["/a/{token:str}", "/c/{token:str}"],
            http_method=["POST"],
            status_code=HTTPStatus.OK,
            include_in_schema=False,
            request_max_body_size=LARGEST_FORM,
        )
        async def answer_offer(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
            """Take or decline an offer."""
            form = read_form(await request.body())
            return await answered(request, lambda accepted: self._answer(request, token, accepted, form))

        @route(["/d/{token:str}"], http_method=["GET", "HEAD"], include_in_schema=False)
        async def show_way_back(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
            """Show what was promised; nothing is changed."""
            is_read = _is_person(request)
            return await answered(request, lambda accepted: self._look_back(token, accepted, is_read=is_read))

        @route(
            ["/d/{token:str}"],
            http_method=["POST"],
            status_code=HTTPStatus.OK,
            include_in_schema=False,
            request_max_body_size=LARGEST_FORM,
        )
        async def go_back(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
            """Take the wish to go back."""
            form = read_form(await request.body())
            return await answered(request, lambda accepted: self._go_back(token, accepted, form))

        return [show_offer, answer_offer, show_way_back, go_back]

    def _show(self, request: AnyRequest, token: str, accepted: str) -> Response[bytes]:
        shown = self._open(request, token)
        if shown is None:
            return unknown_link(accepted, self._desk.sender_address())
        is_visit = ANSWERED not in request.query_params and not _is_colleagues(request)
        if request.method == "GET" and is_visit:
            self._note_visit(request, shown, token)
        return self._offer_page(shown, accepted, is_read=_is_person(request))

    def _answer(self, request: AnyRequest, token: str, accepted: str, form: Form) -> Response[bytes]:
        shown = self._open(request, token)
        if shown is None:
            return unknown_link(accepted, self._desk.sender_address())
        match _said(form, "action"):
            case "accept":
                return self._accept(request, token, shown, form)
            case "ask" if shown.is_of_account and not shown.may_decide:
                return self._ask(request, shown, _said(form, "because"))
            case "not_now" | "never" as said if shown.accepted_at is None and not shown.is_asked:
                reason = _said(form, "reason")
                known = manner_of(shown.reader, accepted).prompt_words.reasons
                self._offers.decline(
                    shown, Answer(said), reason if reason in known else "", _said(form, "feature")
                )
                return _look_anew()
            case _:
                return self._offer_page(shown, accepted)

    def _ask(self, request: AnyRequest, shown: Shown, because: str) -> Response[bytes]:
        """Ask those who may decide."""
        accepted = _accepted(request)
        try:
            self._colleagues.ask(Wish(shown.message.key, shown.reader.identity, because, Via.PAGE))
        except NotAcceptedError as error:
            said = refusal_words(error, (manner_of(shown.reader, accepted).words.language,))
            return self._offer_page(shown, accepted, said, HTTPStatus.CONFLICT)
        return _look_anew()

    def _accept(self, request: AnyRequest, token: str, shown: Shown, form: Form) -> Response[bytes]:
        accepted = _accepted(request)
        manner = manner_of(shown.reader, accepted)
        if shown.is_of_account and shown.accepted_at is None and MAY_DECIDE not in form:
            missing = manner.words.confirm_missing.format(account=shown.reader.account_name)
            return self._offer_page(shown, accepted, missing)
        asked = Accept(
            key=_said(form, "key"),
            identity=shown.reader.identity,
            price=_price(form),
            currency=_said(form, "currency"),
            via=Via.PAGE,
        )
        if asked.key != shown.message.key:
            # A form of another page was sent to this one: what was stated is not what stands here.
            return self._offer_page(shown, accepted, manner.prompt_words.price, HTTPStatus.CONFLICT)
        try:
            self._fulfil.take(asked, (manner.words.language,))
        except NotAcceptedError as error:
            _log.info("offer_not_accepted", message=asked.key, refusal=error.refusal.value)
            if error.refusal is Refusal.OVER:
                now = self._open(request, token)
                return self._offer_page(now if now is not None else shown, accepted, is_over=True)
            said = refusal_words(error, (manner.words.language,))
            if error.refusal is Refusal.ROLE:
                said += f" {manner.words.role_advice}"
            return self._offer_page(shown, accepted, said, HTTPStatus.CONFLICT)
        return _look_anew()

    def _open(self, request: AnyRequest, token: str) -> Shown | None:
        if _is_colleagues(request):
            key = self._desk.open(DECIDE, token)
            return self._offers.read_for(key) if key is not None else None
        key = self._desk.open(OFFER, token)
        return self._offers.read(key) if key is not None else None

    def _offer_page(
        self,
        shown: Shown,
        accepted: str,
        problem: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        *,
        is_over: bool = False,
        is_read: bool = True,
    ) -> Response[bytes]:
        manner = manner_of(shown.reader, accepted)
        is_over = (is_over or shown.is_over) and shown.accepted_at is None and not shown.is_asked
        is_open = not is_over and shown.accepted_at is None and not shown.is_asked and not shown.has_it
        is_never = shown.declined is not None and shown.declined.answer is Answer.NEVER
        order = shown.order
        return customer_page(
            "offer.html",
            manner.words.language,
            status,
            words=manner.words,
            prompt_words=manner.prompt_words,
            view=view_offer(shown, manner),
            title=shown.offer.said_in(manner.words.language).title,
            problem=problem,
            news=_news(shown, manner, is_over=is_over),
            is_over=is_over,
            is_open=is_open,
            may_decline=is_open and not is_never,
            may_decide=shown.may_decide,
            asked=_asked_words(shown, manner),
            charges=self._charges(shown, manner) if is_open and is_read else (),
            pay_url=order.pay_url if order is not None else "",
            pay_label=CHARGE_WORDS[manner.words.language].pay,
            key=shown.message.key,
            price="" if shown.terms.price is None else shown.terms.price,
            currency=shown.terms.currency,
            quote=self._desk.token(QUOTE, shown.order.key) if shown.order and shown.order.decide_by else "",
            way_back=self._desk.token(DOWNGRADE, shown.message.key) if _is_theirs(shown) else "",
            sender=shown.sender.name,
            sender_address=shown.sender.reply_to or shown.sender.address,
            from_whom=whom_and_where(shown.sender.name, shown.sender.postal_address),
        )

    def _charges(self, shown: Shown, manner: Manner) -> tuple[str, ...]:
        """Say what would be charged, as billing names it now."""
        foreseen = self._foresight.foresee(_purchase(shown)) if self._foresight is not None else None
        return charge_lines(
            foreseen, manner.words.language, manner.locale, manner.zone, needs_approval=shown.needs_approval
        )

    def _look_back(self, token: str, accepted: str, *, is_read: bool) -> Response[bytes]:
        key = self._desk.open(DOWNGRADE, token)
        held = self._honours.read(key) if key is not None else None
        if held is None:
            return unknown_link(accepted, self._desk.sender_address())
        seen = self._foresee_back(held) if is_read else None
        return _back_page(held, accepted, seen, is_by_billing=self._fulfil.takes_back)

    def _foresee_back(self, held: Held) -> BackForeseen | None:
        """Say what going back would come to, as billing names it now."""
        giving = foreseen_of(held.promise, held.now) if held.promise is not None else None
        if giving is None or self._foresight is None or not held.may_decide:
            return None
        return self._foresight.foresee_back(giving)

    def _go_back(self, token: str, accepted: str, form: Form) -> Response[bytes]:
        key = self._desk.open(DOWNGRADE, token)
        held = self._honours.ask(key, _said(form, "because")) if key is not None else None
        if held is None:
            return unknown_link(accepted, self._desk.sender_address())
        return _look_anew()

    def _note_visit(self, request: AnyRequest, shown: Shown, token: str) -> None:
        """Hand over that somebody came, where links are watched and theirs may be: as with any link."""
        place = self._targets.place_of(shown.number, f"/a/{token}")
        if place is None:
            return
        sign = read_signs(request.headers)
        said = "" if sign is None else sign.value
        came = Came(shown.number, VisitKind.CLICK, place, said, self._clock.now())
        try:
            self._intake.submit((), (), (came,)).add_done_callback(_note_lost)
        except OverloadedError as error:
            _log.warning("visit_not_kept", error=str(error))


def _look_anew() -> Response[bytes]:
    """Lead a browser to the same page, to be looked at; whatever stands before its address is kept."""
    headers = {"Location": f"?{ANSWERED}", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers)


def _back_page(
    held: Held, accepted: str, seen: BackForeseen | None, *, is_by_billing: bool
) -> Response[bytes]:
    manner = manner_of(held.reader, accepted)
    words, promise = manner.words, held.promise
    is_asked = promise is not None and promise.asked_at is not None
    name = promise.terms.name if promise is not None else ""
    title = words.back_title if promise is not None else words.back_none_title
    is_left = seen is not None and seen.outlook is BackOutlook.BY_HAND
    is_at_once = is_by_billing and held.may_decide and not is_left
    hint = words.back_hint_at_once if is_at_once else words.back_hint
    until = promise.guarantee_until if promise is not None else None
    if until is not None and held.now < until and not is_asked:
        hint = f"{words.back_refund_until.format(day=manner.minute(until))} {hint}"
    return customer_page(
        "downgrade.html",
        words.language,
        words=words,
        title=words.back_done_title if is_asked else title,
        whom=whom_words(held.reader, words),
        news=back_news(promise, manner) if promise is not None and is_asked else "",
        has_it=promise is not None,
        is_asked=is_asked,
        question=(words.back_question_at_once if is_at_once else words.back_question).format(name=name),
        hint=hint,
        accepted=words.back_accepted.format(name=name, day=manner.day(promise.accepted_at))
        if promise
        else "",
        promises=promise.words if promise is not None else (),
        lines=foreseen_lines(seen, name, manner),
        sender=held.sender.name,
        sender_address=held.sender.reply_to or held.sender.address,
        from_whom=whom_and_where(held.sender.name, held.sender.postal_address),
    )


def _purchase(shown: Shown) -> Purchase:
    """Give what would be bought, were it taken now."""
    return Purchase(
        key=shown.message.key,
        customer_id=shown.reader.customer_id,
        account_id=shown.reader.account_id,
        offer=shown.offer.id,
        thing=shown.terms.thing,
        kind=shown.offer.kind.value,
        terms=shown.terms,
        trial_days=shown.offer.trial_days,
        accepted_at=shown.now,
    )


def _is_theirs(shown: Shown) -> bool:
    """Tell whether they took it and it did not fail: only then there is something to go back from."""
    is_failed = shown.order is not None and shown.order.state is OrderState.FAILED
    return shown.accepted_at is not None and not is_failed


def _news(shown: Shown, manner: Manner, *, is_over: bool) -> tuple[str, ...]:
    """Say how an offer stands: taken, over, had already or declined; nothing while it is open and new."""
    words, name = manner.words, shown.terms.name
    if shown.order is not None and shown.is_asked:
        return (tell(shown.order, (words.language,)).message,)
    if shown.accepted_at is not None:
        before = words.accepted_before.format(name=name, day=manner.day(shown.accepted_at))
        stands = tell(shown.order, (words.language,)).message if shown.order is not None else ""
        return (before, stands) if stands else (before,)
    if shown.has_it:
        return (words.has_it.format(name=name),)
    if is_over:
        ends = shown.terms.expires_at
        # What has no end of its own is over when it ran out, or is made no more.
        return (words.gone_said if ends is None else words.over_said.format(day=manner.minute(ends)),)
    declined = shown.declined
    if declined is None:
        return ()
    is_never = declined.answer is Answer.NEVER
    said = words.declined_never if is_never else words.declined_later
    return words.declined_title + ".", said.format(day=manner.day(declined.at)), words.declined_open


def _asked_words(shown: Shown, manner: Manner) -> str:
    """Say who was asked to decide; empty where nobody was."""
    if shown.asked is None:
        return ""
    return manner.words.ask_done if shown.asked else manner.words.ask_team


def _is_person(request: AnyRequest) -> bool:
    """Tell whether a page is fetched to be read: billing is asked for no mail filter and no preview."""
    is_machine = read_signs(request.headers) in (Sign.SCANNER, Sign.PREVIEW)
    return request.method == "GET" and not is_machine


def _is_colleagues(request: AnyRequest) -> bool:
    """Tell whether a link is that of a colleague who was asked."""
    return request.url.path.startswith("/c/")


def _accepted(request: AnyRequest) -> str:
    return request.headers.get("accept-language", "")


def _said(form: Form, name: str) -> str:
    """Give what a field says, in one line and not without end."""
    return " ".join((form.get(name) or [""])[0].replace("\0", " ").split())[:LONGEST_SAID]


def _price(form: Form) -> int | None:
    """Give the price a form states; what is no number is a price nobody stated."""
    said = _said(form, "price")
    if not said:
        return None
    return int(said) if said.isascii() and said.isdigit() else -1


def _note_lost(answer: Future[list[Appended]]) -> None:
    error = answer.exception()
    if error is not None:
        _log.warning("visit_not_kept", error=str(error).strip())
