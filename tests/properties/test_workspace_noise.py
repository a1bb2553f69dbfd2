"""Whatever is written in a workspace, it compiles or tells its problems; it never breaks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.unit.workspace.acme import documents
from upsell.errors import DefinitionError
from upsell.workspace.compile import compile_documents

DOCUMENTS = documents()

ODD = (
    "\x00", "\t", "\n", "[", "{", "}", "]", ":", "- ", "*a", "&a ", "<<: *a", "'", '"', "|\n", "!!int ",
    "!!python/object:os ", "---\n", "?", "%", "@", "~", "\ud800", "\U0001f600", "\u2028", "{{", "{%",
    "%}", "}}", "1e999", "9" * 30, "0x1F", ".inf", "2027-02-30", "<!--", "(", "case when ", "interval '",
    "null", "\ufeff", "end", "if: arrived", "..", "\x1b[0m",
)  # fmt: skip

EDITS = st.lists(
    st.tuples(
        st.sampled_from(sorted(DOCUMENTS)),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from((0, 1, 3, 30)),
        st.one_of(
            st.sampled_from(ODD),
            st.builds(lambda odd, times: odd * times, st.sampled_from(ODD), st.sampled_from((2, 60, 2_000))),
            st.text(max_size=8),
        ),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=examples(120), deadline=None)
@given(EDITS)
def test_noise_in_a_workspace_raises_nothing_but_its_problems(
    edits: list[tuple[str, float, int, str]],
) -> None:
    changed = dict(DOCUMENTS)
    for path, where, length, text in edits:
        at = int(where * len(changed[path]))
        changed[path] = changed[path][:at] + text + changed[path][at + length :]
    try:
        compile_documents(changed)
    except DefinitionError as error:
        assert any(problem.severity == "error" for problem in error.problems)
        assert all(problem.file and problem.message for problem in error.problems)
