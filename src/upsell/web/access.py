"""Access: who may ask which route, and which role may do what: the one table of both.

The laws: every route of the application stands here, and one that does not is not served; a test asks each of
them without a key, without a user, and as every role, and holds the answers against this page.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, TypeAlias

from upsell.store.keys import Scope
from upsell.store.users import Role


class Right(enum.Enum):
    """What somebody who is signed in may do."""

    SEE = "see pages"
    READ_LOG = "read the log"
    WORK_TASKS = "work on tasks"
    CONTACT = "say whether somebody is contacted"
    STOP = "stop and let go on"
    SEE_MARGINS = "see margins"
    ADMINISTER = "look after users, keys and channels"
    DECIDE = "decide about experiments"
    APPROVE_ORDERS = "decide about orders above a limit"
    PROPOSE = "propose changes"
    APPROVE = "approve changes"


class Open(enum.Enum):
    """Why a route asks for neither a key nor a user."""

    EVERYBODY = "it tells everybody the same"
    HOLDER = "whoever holds what its address ends with may ask"
    SENDER = "its sender is known by what they sign with, or show"
    SIGNING_IN = "it is how users come in"


Access: TypeAlias = Right | Scope | Open
"""Who may ask a route: a user with a right, whoever shows a key with a scope, or anybody for a reason."""

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset(
        {
            Right.SEE,
        }
    ),
    Role.EDITOR: frozenset(
        {
            Right.SEE,
            Right.WORK_TASKS,
            Right.CONTACT,
            Right.STOP,
            Right.DECIDE,
            Right.PROPOSE,
        }
    ),
    Role.APPROVER: frozenset(
        {
            Right.SEE,
            Right.READ_LOG,
            Right.WORK_TASKS,
            Right.CONTACT,
            Right.STOP,
            Right.SEE_MARGINS,
            Right.DECIDE,
            Right.APPROVE_ORDERS,
            Right.PROPOSE,
            Right.APPROVE,
        }
    ),
    Role.SUCCESS: frozenset(
        {
            Right.SEE,
            Right.WORK_TASKS,
            Right.CONTACT,
        }
    ),
    Role.ADMIN: frozenset(Right),
}
"""What each role may do."""

APPROVING: Final = frozenset(role for role, rights in RIGHTS.items() if Right.APPROVE in rights)
"""Roles that may approve changes."""

ROUTES: Final[Mapping[str, Access]] = {
    "/v1/batch": Scope.EVENTS,
    "/v1/identify": Scope.EVENTS,
    "/v1/track": Scope.EVENTS,
    "/v1/group": Scope.EVENTS,
    "/v1/page": Scope.EVENTS,
    "/v1/screen": Scope.EVENTS,
    "/v1/alias": Scope.EVENTS,
    "/v1/incidents": Scope.INCIDENTS,
    "/v1/decide": Scope.DECISIONS,
    "/v1/customers/{customer:str}/explain": Scope.DECISIONS,
    "/v1/segments": Scope.SEGMENTS,
    "/v1/segments/{segment:str}": Scope.SEGMENTS,
    "/v1/bounces": Scope.BOUNCES,
    "/v1/prompts": Scope.PROMPTS,
    "/v1/can": Scope.PROMPTS,
    "/v1/prompts/{act:str}": Scope.PROMPTS,
    "/v1/prompts/accepted": Scope.PROMPTS,
    "/v1/prompts/asked": Scope.PROMPTS,
    "/v1/prompts/charges": Scope.PROMPTS,
    "/v1/prompts/live": Scope.PROMPTS,
    "/v1/accept": Scope.PROMPTS,
    "/v1/push/key": Open.EVERYBODY,
    "/v1/push/subscriptions": Scope.PROMPTS,
    "/v1/push/subscriptions/renewed": Scope.PROMPTS,
    "/v1/push/subscriptions/ended": Scope.PROMPTS,
    "/v1/tasks": Scope.TASKS_READ,
    "/v1/tasks/{key:str}": Scope.TASKS_READ,
    "/v1/tasks/{key:str}/{action:str}": Scope.TASKS_WRITE,
    "/hooks/ses": Open.SENDER,
    "/hooks/postmark": Open.SENDER,
    "/hooks/sendgrid": Open.SENDER,
    "/hooks/mailgun": Open.SENDER,
    "/hooks/twilio": Open.SENDER,
    "/hooks/twilio/texts": Open.SENDER,
    "/hooks/{path:str}": Open.SENDER,
    "/l/{token:str}": Open.HOLDER,
    "/o/{token:str}": Open.HOLDER,
    "/u/{token:str}": Open.HOLDER,
    "/p/{token:str}": Open.HOLDER,
    "/c/{token:str}": Open.HOLDER,
    "/a/{token:str}": Open.HOLDER,
    "/d/{token:str}": Open.HOLDER,
    "/q/{token:str}": Open.HOLDER,
    "/paid": Open.EVERYBODY,
    "/sdk/{name:str}": Open.EVERYBODY,
    "/health": Open.EVERYBODY,
    "/openapi.json": Open.EVERYBODY,
    "/static/{name:str}": Open.EVERYBODY,
    "/sign-in": Open.SIGNING_IN,
    "/join/{link:str}": Open.SIGNING_IN,
    "/": Right.SEE,
    "/sign-out": Right.SEE,
    "/results": Right.SEE,
    "/results.json": Right.SEE,
    "/reports": Right.SEE,
    "/reports/{name:str}": Right.SEE,
    "/reports/{name:str}/{file:str}": Right.SEE,
    "/charts/{report:str}/{name:str}": Right.SEE,
    "/workflows": Right.SEE,
    "/workflows/{workflow:str}": Right.SEE,
    "/workflows/{workflow:str}/people": Right.SEE,
    "/workflows/{workflow:str}/versions": Right.SEE,
    "/workflows/{workflow:str}/file": Right.SEE,
    "/customers": Right.SEE,
    "/customers/{unit:path}": Right.SEE,
    "/queue": Right.SEE,
    "/queue/{key:str}": Right.SEE,
    "/queue/{key:str}/{action:str}": Right.WORK_TASKS,
    "/contact/{action:str}": Right.CONTACT,
    "/preview": Right.SEE,
    "/preview/letter": Right.SEE,
    "/outbox": Right.SEE,
    "/outbox/{key:str}": Right.SEE,
    "/outbox/{key:str}/letter": Right.SEE,
    "/outbox/{key:str}/withdraw": Right.STOP,
    "/outbox/{key:str}/settle": Right.STOP,
    "/offers": Right.SEE,
    "/offers/{offer:str}": Right.SEE,
    "/margins": Right.SEE_MARGINS,
    "/signals": Right.SEE,
    "/signals/{event:path}": Right.SEE,
    "/events": Right.SEE,
    "/components": Right.SEE,
    "/log": Right.READ_LOG,
    "/settings": Right.SEE,
    "/settings/users": Right.ADMINISTER,
    "/settings/users/{user:str}": Right.ADMINISTER,
    "/settings/users/{user:str}/{action:str}": Right.ADMINISTER,
    "/settings/keys": Right.ADMINISTER,
    "/settings/keys/{key:str}": Right.ADMINISTER,
    "/settings/keys/{key:str}/{action:str}": Right.ADMINISTER,
    "/settings/channels": Right.ADMINISTER,
    "/settings/channels/{channel:str}/test": Right.ADMINISTER,
    "/settings/roles": Right.SEE,
    "/settings/policy": Right.SEE,
    "/settings/connections": Right.SEE,
    "/approvals": Right.APPROVE_ORDERS,
    "/approvals/{key:str}/approve": Right.APPROVE_ORDERS,
    "/approvals/{key:str}/refuse": Right.APPROVE_ORDERS,
    "/orders/{key:str}": Right.SEE,
    "/experiments": Right.SEE,
    "/experiments/{workflow:str}": Right.SEE,
    "/experiments/{workflow:str}/close": Right.DECIDE,
    "/experiments/{workflow:str}/rolled/{name:str}": Right.SEE,
    "/guardrails": Right.SEE,
    "/guardrails/{workflow:str}/resume": Right.STOP,
    "/changes": Right.SEE,
    "/changes/new": Right.PROPOSE,
    "/changes/{number:str}": Right.SEE,
    "/changes/{number:str}/alter": Right.PROPOSE,
    "/changes/{number:str}/renew": Right.PROPOSE,
    "/changes/{number:str}/ask": Right.PROPOSE,
    "/changes/{number:str}/approve": Right.APPROVE,
    "/changes/{number:str}/refuse": Right.APPROVE,
    "/changes/{number:str}/launch": Right.PROPOSE,
    "/changes/{number:str}/withdraw": Right.PROPOSE,
    "/stops": Right.SEE,
    "/stops/begin": Right.STOP,
    "/stops/end": Right.STOP,
    "/workflows/{workflow:str}/pause": Right.STOP,
    "/workflows/{workflow:str}/resume": Right.STOP,
    "/workflows/{workflow:str}/end": Right.PROPOSE,
}
"""Who may ask each route, by its path as the application knows it."""

WRITES: Final[Mapping[str, Access]] = {"/v1/tasks": Scope.TASKS_WRITE}
"""Who may ask a route to write, where that is not whoever may ask it to read."""


def access_to(path: str, method: str) -> Access:
    """Give who may ask a route by a method, such as ``GET``."""
    return WRITES.get(path, ROUTES[path]) if method == "POST" else ROUTES[path]
