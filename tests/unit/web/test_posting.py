"""How forms are taken: what is led on to, and what is refused without doing anything."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, post
from litestar.testing import TestClient

from upsell.errors import ConfigError
from upsell.store.users import Role
from upsell.web.access import RIGHTS
from upsell.web.pages.notices import Notice, notice_of
from upsell.web.pages.posting import LONGEST, Form, done, posted
from upsell.web.pages.shell import Visit
from upsell.web.pages.static import FILES, static_files, static_path

BY = Visit("ada@example.com", Role.ADMIN, "token", RIGHTS[Role.ADMIN])


@pytest.fixture
def client() -> httpx.Client:
    @post("/act")
    async def act(request: Request[Any, Any, Any]) -> Response[bytes]:
        request.state.visit = BY

        def doing(form: Form) -> Response[bytes]:
            why = form.needed("why", "why it is done")
            if why == "late":
                msg = "expected what is still open, got what is over"
                raise ConfigError(msg)
            return done(request, "/there", Notice.CHANGED, "row")

        return await posted(request, doing)

    client = TestClient(Litestar([act, static_files], openapi_config=None))
    client.follow_redirects = False
    return client


def test_a_form_that_was_taken_leads_to_a_page_that_says_so(client: httpx.Client) -> None:
    answered = client.post("/act", data={"why": " it is time "}, headers={"Accept": "text/html"})
    assert (answered.status_code, answered.headers["location"]) == (303, "/there?done=changed#row")
    assert notice_of("changed") == Notice.CHANGED.value
    assert notice_of("<b>anything") == ""
    told = client.post("/act", data={"why": "it is time"}, headers={"Accept": "application/json"})
    assert told.json() == {"done": "changed", "path": "/there"}


@pytest.mark.parametrize("why", ["", "   ", "x" * (LONGEST + 1), "late"])
def test_a_form_that_was_refused_says_what_was_expected(client: httpx.Client, why: str) -> None:
    page = client.post("/act", data={"why": why}, headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert "Expected wh" in page.text
    assert "Nothing was changed" in page.text
    told = client.post("/act", data={"why": why}, headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["code"]) == (400, "refused")


def test_a_file_is_kept_for_good_only_at_the_address_that_changes_with_it(client: httpx.Client) -> None:
    for name, (_, media_type) in FILES.items():
        kept, asked = client.get(static_path(name)), client.get(f"/static/{name}")
        assert kept.headers["content-type"].startswith(media_type)
        assert "immutable" in kept.headers["cache-control"]
        assert "immutable" not in asked.headers["cache-control"]
        assert kept.content == asked.content != b""
    assert client.get("/static/customer.css").status_code == 404
