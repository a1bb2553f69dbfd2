"""Programs: a revision's program carries every version that some unit may still walk."""

from __future__ import annotations

import msgspec
import pytest

from tests.live_world import make_documents, open_world, two_mails
from upsell.errors import StoreError
from upsell.runtime.apply import newly_meant
from upsell.runtime.programs import Programs, compile_revision
from upsell.store.revisions import Revision, keep_revision, newest_revision

pytestmark = pytest.mark.postgres


def test_each_program_carries_the_versions_before_it_and_none_twice(database: str) -> None:
    waits = ("1 days", "2 days", "1 days", "3 days")
    with open_world(database) as world:
        programs = Programs()
        for expected, wait in enumerate(waits):
            world.apply(make_documents({"w": two_mails(wait)}), expected=expected)
        programs.refresh(world.connection)
    versions = [programs.program(number).workflows["w"].version for number in (1, 2, 3, 4)]
    assert versions[0] == versions[2]
    earlier = [set(programs.program(number).earlier) for number in (1, 2, 3, 4)]
    assert earlier == [set(), {versions[0]}, {versions[1]}, {versions[0], versions[1]}]


def test_a_revision_is_live_after_its_place(database: str) -> None:
    with open_world(database) as world:
        world.happens("Viewed", "ada")
        world.apply(make_documents({"w": two_mails()}))
        world.happens("Viewed", "ada")
        world.apply(make_documents({"w": two_mails("2 days")}))
        programs = Programs()
        programs.refresh(world.connection)
    live = [programs.live_at(position) for position in (0, 1, 2, 3)]
    assert [revision.number if revision else None for revision in live] == [1, 1, 2, 2]


def test_an_old_revision_that_no_longer_compiles_matters_only_where_it_is_worked_with(database: str) -> None:
    with open_world(database) as world:
        documents = make_documents({"w": two_mails()})
        keep_revision(world.connection, Revision(1, "x", {"upsell.yaml": "a: 1\n"}, 0, 0, 0))
        world.apply(documents, expected=1)
        programs = Programs()
        programs.refresh(world.connection)
        assert set(programs.program(2).workflows) == {"w"}
        with pytest.raises(StoreError, match="revision 1 does not compile"):
            programs.program(1)


def test_a_wait_for_a_time_of_day_that_is_meant_otherwise_is_told() -> None:
    timed = two_mails("{time: '09:00'}")
    before = Revision(1, "x", make_documents({"w": timed}), 0, 0, 0, edition=2)
    said = list(newly_meant(before, make_documents({"w": timed, "v": timed})))
    assert [each.partition(" waits for a time of day")[0] for each in said] == ["workflows/w.yaml"]


def test_a_revision_means_by_its_silence_what_it_meant_when_it_was_applied(database: str) -> None:
    silent = make_documents({"w": two_mails().replace("experiment: {holdout: 0%}\n", "")})
    assert "holdout" not in silent["workflows/w.yaml"]
    with open_world(database) as world:
        # A row as the release before editions wrote it.
        world.connection.execute(
            "insert into revisions (number, hash, documents, live_from, live_at, applied_at, note)"
            " values (1, 'x', %s, 0, now(), now(), '')",
            (msgspec.json.encode(silent).decode(),),
        )
        changed = {**silent, "workflows/v.yaml": silent["workflows/w.yaml"]}
        before = newest_revision(world.connection)
        assert before is not None
        assert before.edition == 1
        (said,) = newly_meant(before, changed)
        assert said.startswith("workflows/w.yaml names no holdout: 10 % of its customers are held out now")
        world.apply(changed, expected=1)
        programs = Programs()
        programs.refresh(world.connection)
        first, second = (programs.program(number).workflows["w"] for number in (1, 2))
        assert (first.experiment.holdout_rate, second.experiment.holdout_rate) == (0.0, 0.1)
        assert set(programs.program(2).earlier) == {first.version}
        assert world.apply(changed, expected=2) == 2


def test_the_same_definitions_are_compiled_once_for_everybody_and_anew_where_silence_means_otherwise() -> (
    None
):
    documents = make_documents({"w": two_mails("5 days")})
    first = compile_revision(Revision(1, "a", documents, 0, 0, 0, edition=3))
    assert compile_revision(Revision(7, "b", dict(documents), 9, 9, 9, "again", edition=3)) is first
    assert compile_revision(Revision(7, "b", documents, 9, 9, 9, edition=2)) is not first
    assert compile_revision(Revision(7, "b", make_documents({"w": two_mails()}), 9, 9, 9)) is not first
