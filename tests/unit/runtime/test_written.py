"""What was written of a workflow: every revision that changed it, and lines that make both texts again."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from upsell.runtime.written import WrittenBook, changes_of
from upsell.store.revisions import Revision

FLOW = "journey: [{email: {content: help, intent: help}}]\n"
LINES = st.lists(st.sampled_from(["a", "b", "-c", "+d", "@@ -1 +1 @@", "--- x", ""]), max_size=4)


def book_of(*documents: Mapping[str, str]) -> WrittenBook:
    book = WrittenBook()
    book.add(
        Revision(number, f"hash{number}", each, 0, number * 10, number * 10)
        for number, each in enumerate(documents, 1)
    )
    return book


def test_a_revision_stands_there_where_the_file_or_a_template_it_names_changed() -> None:
    other = {"catalog.yaml": "x"}
    first = {"workflows/w.yaml": FLOW, "templates/help.mjml": "1", "templates/spare.mjml": "1"}
    german = {"templates/help.de.mjml": "1"}
    history = book_of(
        other,
        other | first,
        other | first | {"templates/spare.mjml": "2"},
        other | first | german,
        other | first | german | {"catalog.yaml": "y", "workflows/v.yaml": FLOW},
        other,
        other | first,
    ).history("w")
    assert [(each.number, each.changed, each.is_there) for each in history] == [
        (2, ("templates/help.mjml", "workflows/w.yaml"), True),
        (4, ("templates/help.de.mjml",), True),
        (6, ("templates/help.de.mjml", "templates/help.mjml", "workflows/w.yaml"), False),
        (7, ("templates/help.mjml", "workflows/w.yaml"), True),
    ]


@given(
    documents=st.lists(
        st.dictionaries(
            st.sampled_from(["workflows/w.yaml", "templates/help.txt", "catalog.yaml"]), st.text(max_size=2)
        ),
        max_size=5,
    )
)
def test_what_was_written_in_each_revision_is_known_as_it_was(documents: list[dict[str, str]]) -> None:
    book = book_of(*documents)
    assert book.documents(0) == {}
    for number, each in enumerate(documents, 1):
        assert book.documents(number) == each


def test_the_file_is_told_first_and_what_did_not_change_not_at_all() -> None:
    before = {"workflows/w.yaml": FLOW, "templates/help.mjml": "1", "catalog.yaml": "x"}
    after = {"workflows/w.yaml": FLOW + "priority: 2\n", "templates/help.mjml": "2", "catalog.yaml": "y"}
    assert [each.name for each in changes_of("w", before, after)] == [
        "workflows/w.yaml",
        "templates/help.mjml",
    ]
    assert changes_of("w", before, before) == ()
