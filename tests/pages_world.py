"""Pages of the team for tests: written without a server, or served to a guest, or to a user who signs in."""

from __future__ import annotations

from http import HTTPStatus

import httpx
import msgspec
from litestar import Litestar

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.results import Results
from upsell.store.connect import connect
from upsell.store.users import Role, add_user
from upsell.web.access import RIGHTS
from upsell.web.cookies import jar_of
from upsell.web.gate import Gate
from upsell.web.pages.forms import rendered
from upsell.web.pages.results import results_routes
from upsell.web.pages.shell import Shell, Visit
from upsell.web.pages.static import static_files

PASSWORD = "correct horse battery"


def written(template: str, value: msgspec.Struct, role: Role | None = None) -> str:
    """Write a page for somebody with a role, or for nobody who is signed in."""
    visit = Visit("ada@acme.example", role, "", RIGHTS[role]) if role is not None else None
    return rendered(template, page=value, shell=Shell(visit, (), "/here?format=json", ""))


def results_app(results: Results) -> Litestar:
    """Give an application that shows a guest these results and nothing else."""
    gate = Gate(None, jar_of(Settings()))
    routes = gate.behind([*results_routes(lambda: results), static_files])
    return Litestar(routes, openapi_config=None, logging_config=None)


def invite(url: str, email: str, role: Role, clock: Clock) -> str:
    """Add a user, and give the path of their link."""
    with connect(url) as connection:
        return f"/join/{add_user(connection, email, role, 'shell:test', 'for a test', clock.now())}"


def field(page: str, name: str) -> str:
    """Give the value of a hidden field of a form."""
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def join(client: httpx.Client, path: str, password: str = PASSWORD, **said: str) -> httpx.Response:
    """Follow a link and set a password, as a browser does; the client is signed in afterwards."""
    page = client.get(path)
    assert page.status_code == HTTPStatus.OK, page.text
    form = {"form": field(page.text, "form"), "password": password, **said}
    return client.post(path, data=form, follow_redirects=False)


def sign_in(client: httpx.Client, email: str, password: str = PASSWORD, **said: str) -> httpx.Response:
    """Sign in by name and password, as a browser does."""
    page = client.get("/sign-in")
    form = {"form": field(page.text, "form"), "email": email, "password": password, **said}
    return client.post("/sign-in", data=form, follow_redirects=False)
