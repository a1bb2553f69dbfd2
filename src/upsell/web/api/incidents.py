"""``POST /v1/incidents``: something is broken, or works again, for one household or for everyone."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
import psycopg
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.errors import ConfigError, StoreError
from upsell.ids import UnitId, account_unit, customer_unit
from upsell.runtime.incidents import Told, Turn, tell_incident
from upsell.runtime.keyring import KeyRing
from upsell.sources.bounds import LARGEST_EVENT, LONGEST_NAME
from upsell.store.connect import connect
from upsell.store.keys import Scope
from upsell.web.api.answers import Refused, answer
from upsell.web.api.doors import AGAIN, turn_away

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]


class IncidentBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What a request says: which incident turns which way, and whom it is about; nobody is everyone."""

    id: _Name
    turn: Literal["start", "end"]
    title: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)] = ""
    account_id: _Name | None = None
    customer_id: _Name | None = None


class IncidentAnswer(msgspec.Struct, frozen=True):
    """Whether telling the incident changed anything: told twice, it does once."""

    changed: bool


_read = msgspec.json.Decoder(IncidentBody).decode


def incident_route(ring: KeyRing, url: str, clock: Clock) -> HTTPRouteHandler:
    """Give the route that tells of incidents over the database at ``url``."""

    @post("/v1/incidents", status_code=200, request_max_body_size=LARGEST_EVENT)
    async def incidents(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Take that an incident begins or is over."""
        turned_away = await turn_away(ring, request, Scope.INCIDENTS)
        if turned_away is not None:
            return turned_away
        try:
            said = _read(await request.body())
            _check(said)
            told = await asyncio.to_thread(_tell, url, clock, said)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            words = f'expected {{"id": "INC-7", "turn": "start"}} or "end", got: {error}'
            return answer(Refused("invalid", words), HTTPStatus.BAD_REQUEST)
        except ConfigError as error:
            return answer(Refused("unknown_unit", str(error)), HTTPStatus.BAD_REQUEST)
        except (psycopg.Error, StoreError):
            words = "the database did not answer; nothing is committed, so send it again"
            return answer(Refused("unavailable", words), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        return answer(IncidentAnswer(told.is_new))

    return incidents


def _check(said: IncidentBody) -> None:
    """Refuse what no database holds, and an incident of an account and a customer at once.

    Raises:
        msgspec.ValidationError: It is one of these.
    """
    for key, text in msgspec.structs.asdict(said).items():
        if text is not None and not text.isprintable():
            msg = f"characters that cannot be printed in {key}"
            raise msgspec.ValidationError(msg)
    if said.account_id is not None and said.customer_id is not None:
        msg = "accountId and customerId; name one of them, or neither for everyone"
        raise msgspec.ValidationError(msg)


def _tell(url: str, clock: Clock, said: IncidentBody) -> Told:
    unit_id: UnitId | None = None
    if said.account_id is not None:
        unit_id = account_unit(said.account_id)
    elif said.customer_id is not None:
        unit_id = customer_unit(said.customer_id)
    with connect(url) as connection:
        turn = Turn.START if said.turn == "start" else Turn.END
        return tell_incident(connection, clock, turn, said.id, title=said.title, unit_id=unit_id)
