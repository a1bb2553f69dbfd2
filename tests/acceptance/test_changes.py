"""Going live by pages and commands: who may, what is sent along, what it concerns, and what the log says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.commands import run_command
from tests.live_world import ON_PRICING, LiveWorld, make_documents, open_world
from tests.pages_world import field, invite, join
from tests.stories.world import START, workflow
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.runtime.change_files import with_text
from upsell.store.acts import Act, read_acts
from upsell.store.changes import ChangeState, read_change, read_open_changes
from upsell.store.revisions import newest_revision
from upsell.store.stops import open_stops
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.pages.change_writing import LARGEST_UPLOAD
from upsell.web.team import TeamPages
from upsell.workspace.documents import Documents

pytestmark = pytest.mark.postgres

WAIT = "[{wait: 9 days}, {email: {content: t1, intent: help}}]"
HELP = workflow(trigger=ON_PRICING, journey=WAIT, eligible="[customer.email is not null]")
DUE = workflow(trigger="{when: customer.country = 'DE'}", journey=WAIT)
ADA, BOB, VIC = "ada@acme.example", "bob@acme.example", "vic@acme.example"
CLOCK = SetClock(START + DAY)


@pytest.fixture(scope="module")
def world(postgres_url: str, migrated_template: str) -> Iterator[LiveWorld]:
    """Give a world with one workflow, three customers, and three users."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database going_live template {migrated_template}")
    found = postgres_url.replace("/postgres?", "/going_live?", 1)
    with open_world(found, clock=CLOCK) as world:
        world.apply(make_documents({"help": HELP}))
        world.happens("Customer Identified", "c1", email="c1@example.com", country="DE")
        world.happens("Customer Identified", "c2", email="c2@example.com")
        world.happens("Customer Identified", "c3", country="DE")
        world.happens("Pricing Viewed", "c1")
        world.worker.run_until_idle()
        yield world
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database going_live with (force)")


@pytest.fixture(scope="module")
def app(world: LiveWorld) -> Litestar:
    url = url_of(world)
    return make_app(url, CLOCK, TeamPages(url, CLOCK, Settings()), Settings())


@pytest.fixture(scope="module")
def clients(app: Litestar, world: LiveWorld) -> Iterator[dict[str, httpx.Client]]:
    """Give a browser for each user, who is signed in."""
    found: dict[str, httpx.Client] = {}
    with TestClient(app) as client:
        roles = {ADA: Role.EDITOR, BOB: Role.APPROVER, VIC: Role.VIEWER}
        for who, role in roles.items():
            # One application runs; each browser has cookies of its own.
            browser = httpx.Client(transport=client._transport, base_url=client.base_url)
            browser.headers["Accept"] = "text/html"
            assert join(browser, invite(url_of(world), who, role, CLOCK)).status_code == 303
            found[who] = browser
        yield found


def url_of(world: LiveWorld) -> str:
    info = world.connection.info
    return f"postgresql://{info.user}:@/{info.dbname}?host={info.host}"


def post(client: httpx.Client, path: str, page: str = "/changes", **said: str) -> httpx.Response:
    return client.post(path, data={"form": field(client.get(page).text, "form"), "why": "it is time", **said})


def live(world: LiveWorld) -> tuple[int, Documents]:
    found = newest_revision(world.connection)
    assert found is not None
    return found.number, found.documents


def upload(client: httpx.Client, documents: Documents, made_from: int, **said: str) -> httpx.Response:
    token = field(client.get("/changes/new").text, "form")
    files = [("files", (f"acme/{name}", text.encode())) for name, text in documents.items()]
    fields = {"form": token, "why": "from git", "made_from": str(made_from), **said}
    return client.post("/changes/new", data=fields, files=files)


def test_a_file_is_changed_by_one_and_launched_once_another_approved(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    ada, bob = clients[ADA], clients[BOB]
    number, before = live(world)
    page = ada.get("/changes/new?file=workflows/help.yaml")
    assert "customer.email is not null" in page.text
    text = HELP.replace("holdout: 0%", "holdout: 50%")
    said = {"file": "workflows/help.yaml", "text": text.replace("\n", "\r\n"), "made_from": str(number)}
    led = post(ada, "/changes/new", **said)
    where = led.headers["location"].partition("?")[0]
    assert (led.status_code, where[:9]) == (303, "/changes/")
    seen = ada.get(where)
    assert "holdout: 50%" in seen.text
    # One is under way, and two of three have an address.
    assert "1 customer is under way in it; they keep the version they entered with." in seen.text
    assert "2 are eligible now" in seen.text
    assert post(ada, f"{where}/ask").status_code == 303
    assert "needs a person" in bob.get("/").text.casefold()
    assert "1 change waits for approval" in bob.get("/").text
    assert post(ada, f"{where}/approve").status_code == 403
    assert post(ada, f"{where}/launch").status_code == 400
    assert post(bob, f"{where}/approve", seen="what stood there before").status_code == 400
    assert post(bob, f"{where}/approve", seen=field(bob.get(where).text, "seen")).status_code == 303
    assert "Launch for 3 customers" in ada.get(where).text
    assert post(ada, f"{where}/launch").status_code == 303
    assert live(world) == (number + 1, with_text(before, "workflows/help.yaml", text))
    acts = [(each.by, each.act) for each in read_acts(world.connection, 4)]
    assert acts == [
        (ADA, Act.CHANGE_LAUNCHED),
        (BOB, Act.CHANGE_APPROVED),
        (ADA, Act.CHANGE_ASKED),
        (ADA, Act.CHANGE_DRAFTED),
    ]
    assert "is revision" in bob.get(where).text
    told = bob.get(where, headers={"Accept": "application/json"}).json()
    assert (told["state"], told["revision"]) == ("launched", number + 1)


def test_a_folder_that_is_sent_becomes_a_change_and_says_who_would_be_reached(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    number, documents = live(world)
    led = upload(clients[ADA], {**documents, "workflows/due.yaml": DUE, "README.md": "hello"}, number)
    assert led.status_code == 303, led.text
    seen = clients[VIC].get(led.headers["location"]).text
    assert "workflows/due.yaml" in seen
    assert "README" not in seen
    assert "3 are eligible now; for 2 of these its trigger is true." in seen
    assert "<form" not in seen.partition("<main")[2]


def test_what_was_drafted_over_an_older_revision_is_carried_over_and_loses_nobodys_work(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    number, documents = live(world)
    ada = clients[ADA]
    where = (
        upload(ada, {**documents, "workflows/due.yaml": DUE}, number).headers["location"].partition("?")[0]
    )
    world.apply({**documents, "templates/t4.html": documents["templates/t4.html"] + "<p>More</p>\n"})
    assert upload(ada, documents, number).status_code == 400
    assert f"Carry it over to revision {number + 1}" in ada.get(where).text
    assert post(ada, f"{where}/renew").status_code == 303
    told = ada.get(where, headers={"Accept": "application/json"}).json()
    assert (told["made_from"], [each["name"] for each in told["files"]]) == (
        number + 1,
        ["workflows/due.yaml"],
    )
    world.apply({**live(world)[1], "workflows/due.yaml": DUE.replace("A workflow", "Another")})
    refused = post(ada, f"{where}/renew")
    assert (refused.status_code, "workflows/due.yaml, changed since" in refused.text) == (400, True)


def test_forms_with_files_are_believed_as_others_are(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    ada = clients[ADA]
    number, documents = live(world)
    count = len(read_open_changes(world.connection, 99))
    assert upload(ada, documents, number, form="another's").status_code == 403
    elsewhere = {"Origin": "https://elsewhere.example"}
    token = field(ada.get("/changes/new").text, "form")
    files = [("files", ("acme/upsell.yaml", b"a: 1"))]
    assert ada.post("/changes/new", data={"form": token}, files=files, headers=elsewhere).status_code == 403
    # Parts that cannot be read say nothing, and so are not believed.
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="form"\r\n'
            b"Content-Type: text/plain; charset=none-such\r\n\r\n" + token.encode() + b"\r\n--x--\r\n",
        ),
    ):
        answered = ada.post("/changes/new", content=body, headers={"Content-Type": kind})
        assert answered.status_code == 403, (kind, body)
    large = [("files", ("acme/upsell.yaml", b"#" * (LARGEST_UPLOAD + 1)))]
    answered = ada.post("/changes/new", data={"form": token, "why": "x"}, files=large)
    assert (answered.status_code, f"{LARGEST_UPLOAD:,} bytes" in answered.text) == (413, True)
    # A form that asks for no file takes none of that size.
    answered = ada.post("/changes/1/ask", data={"form": token}, files=[("x", ("x", b"#" * 20_000))])
    assert answered.status_code == 413
    assert len(read_open_changes(world.connection, 99)) == count


def test_a_workflow_is_paused_and_let_go_on_as_the_command_does(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    ada = clients[ADA]
    where = "/workflows/help"
    assert post(ada, f"{where}/pause", where).status_code == 303
    (stop,) = open_stops(world.connection)
    assert (stop.workflow, stop.by, stop.because) == ("help", ADA, "it is time")
    assert f"Stopped by {ADA}" in ada.get(where).text
    assert ADA in ada.get("/stops").text
    assert post(ada, f"{where}/pause", where).status_code == 400
    assert post(ada, f"{where}/resume", where).status_code == 303
    assert open_stops(world.connection) == ()
    assert post(ada, f"{where}/resume", where).status_code == 400
    acts = [(each.by, each.act, each.about) for each in read_acts(world.connection, 2)]
    assert acts == [(ADA, Act.LET_GO_ON, "the workflow help"), (ADA, Act.STOPPED, "the workflow help")]
    assert post(ada, "/workflows/nothing/pause").status_code == 400
    assert post(clients[VIC], f"{where}/pause").status_code == 403
    assert "<form" not in clients[VIC].get(where).text.partition("<main")[2]


def test_everything_and_a_channel_are_stopped_and_let_go_on(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    ada = clients[ADA]
    assert post(ada, "/stops/begin", channel="").status_code == 303
    assert post(ada, "/stops/begin", channel="sms").status_code == 303
    assert [each.words for each in open_stops(world.connection)] == ["everything", "the channel sms"]
    page = ada.get("/stops").text
    assert "Everything is stopped" in page
    assert post(ada, "/stops/begin", channel="").status_code == 400
    assert "Everything: stopped by" in ada.get("/workflows/help").text
    assert post(ada, "/stops/end", channel="sms").status_code == 303
    assert post(ada, "/stops/end").status_code == 303
    assert post(ada, "/stops/end").status_code == 400
    assert "Nothing is stopped by hand" in ada.get("/stops").text


def test_ending_a_workflow_is_a_change_of_one_word(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    led = post(clients[ADA], "/workflows/help/end", "/workflows/help")
    seen = clients[ADA].get(led.headers["location"]).text
    assert "status: ended" in seen
    assert "1 line comes, 0 go" in seen
    assert "1 customer is under way in it; they leave it." in seen


def test_addresses_that_are_none_have_a_page_that_says_so(clients: dict[str, httpx.Client]) -> None:
    for number in ("0", "99999", "x", "-1", "9" * 30, "%00"):
        assert clients[ADA].get(f"/changes/{number}").status_code == 404, number
        assert clients[ADA].get(f"/changes/{number}/alter").status_code == 404, number
        # What no address can hold is nowhere, whatever is asked of it.
        refused = 404 if number == "%00" else 400
        assert post(clients[ADA], f"/changes/{number}/ask").status_code == refused, number
    assert clients[VIC].get("/changes/new").status_code == 403


def test_a_change_is_altered_where_it_stands_and_closed_ones_are_listed_page_by_page(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    ada = clients[ADA]
    number, documents = live(world)
    where = (
        upload(ada, {**documents, "workflows/due2.yaml": DUE}, number).headers["location"].partition("?")[0]
    )
    page = ada.get(f"{where}/alter?file=workflows/due2.yaml").text
    assert "country = &#39;DE&#39;" in page
    text = DUE.replace("9 days", "8 days")
    said = {"file": "workflows/due2.yaml", "text": text, "made_from": str(number)}
    said["seen"] = field(page, "seen")
    assert post(ada, f"{where}/alter", **said).status_code == 303
    assert "8 days" in ada.get(where).text
    late = post(ada, f"{where}/alter", **{**said, "text": text.replace("8 days", "7 days")})
    assert "altered meanwhile" in late.text
    assert "8 days" in ada.get(where).text
    assert post(ada, f"{where}/withdraw").status_code == 303
    assert post(ada, f"{where}/alter", **said).status_code == 400
    rows = ada.get("/changes", headers={"Accept": "application/json"}).json()["rows"]
    closed = [each["number"] for each in rows if each["state"] in ("withdrawn", "launched", "refused")]
    older = ada.get(f"/changes?before={closed[0]}", headers={"Accept": "application/json"}).json()["rows"]
    assert [each["number"] for each in older] == closed[1:]


def test_what_things_cost_is_shown_to_whoever_may_see_margins_alone(
    world: LiveWorld, clients: dict[str, httpx.Client]
) -> None:
    ada, bob = clients[ADA], clients[BOB]
    number, documents = live(world)
    catalog = documents["catalog.yaml"].replace("price:", "cost: 7.31\n    price:", 1)
    led = upload(bob, {**documents, "catalog.yaml": catalog}, number).headers["location"].partition("?")[0]
    as_json = {"Accept": "application/json"}
    assert "7.31" in bob.get(led).text
    assert "7.31" in bob.get(f"{led}/alter?file=catalog.yaml").text
    for client in (ada, clients[VIC]):
        assert "shown to whoever may see margins" in client.get(led).text
        assert "7.31" not in client.get(led).text + client.get(led, headers=as_json).text
    page = ada.get(f"{led}/alter?file=catalog.yaml").text
    assert "7.31" not in page
    assert "written by whoever may see margins" in page
    said = {
        "file": "catalog.yaml",
        "text": "plans: {}",
        "made_from": str(number),
        "seen": field(page, "seen"),
    }
    assert "may see margins" in post(ada, f"{led}/alter", **said).text
    assert "7.31" in bob.get(led).text
    assert post(ada, f"{led}/withdraw").status_code == 303


def test_the_commands_do_the_same(world: LiveWorld, tmp_path: Path) -> None:
    number, documents = live(world)
    database = {"UPSELL_DATABASE_URL": url_of(world), "USER": "ada", "LOGNAME": "ada"}
    for name, text in documents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    same = run_command("propose", str(tmp_path), "--why", "sooner", "--over", str(number), **database)
    assert (same.returncode, "nothing to propose" in same.stderr) == (1, True)
    (tmp_path / "workflows" / "help.yaml").write_text("name: [\n", "utf-8")
    broken = run_command("propose", str(tmp_path), "--why", "sooner", "--over", str(number), **database)
    assert (broken.returncode, "Put the above right" in broken.stdout) == (1, True)
    change = read_open_changes(world.connection, 1)[0].number
    (tmp_path / "workflows" / "help.yaml").write_text(HELP.replace("9 days", "7 days"), "utf-8")
    words = ("--why", "sooner", "--over", str(number), "--change", str(change), "--ask")
    asked = run_command("propose", str(tmp_path), *words, **database)
    assert asked.returncode == 0, asked.stderr
    shown = run_command("changes", "show", str(change), **database).stdout
    assert "+ journey: [{wait: 7 days}" in shown
    assert "approval asked for by shell:ada: sooner" in shown
    own = run_command("changes", "approve", str(change), "--why", "fine", **database)
    assert (own.returncode, "expected another person" in own.stderr) == (1, True)
    other = {**database, "USER": "bob", "LOGNAME": "bob"}
    assert run_command("changes", "approve", str(change), "--why", "fine", **other).returncode == 0
    launched = run_command("changes", "launch", str(change), "--why", "now", **database)
    assert f"Revision {number + 1} is live" in launched.stdout, launched.stderr
    found = read_change(world.connection, change)
    assert found is not None
    assert (found.state, found.revision) == (ChangeState.LAUNCHED, number + 1)
    assert f"{change}  launched" in run_command("changes", **database).stdout
    assert run_command("changes", "launch", str(change), **database).returncode == 2
    # Whoever holds the machine applies directly, and that stands in the log.
    (tmp_path / "workflows" / "help.yaml").write_text(HELP, "utf-8")
    applied = run_command("apply", str(tmp_path), "--over", str(number + 1), "--note", "back", **database)
    assert applied.returncode == 0, applied.stderr
    (act,) = read_acts(world.connection, 1)
    assert (act.act, act.by, act.about, act.because) == (
        Act.APPLIED,
        "shell:ada",
        str(number + 2),
        "back",
    )
