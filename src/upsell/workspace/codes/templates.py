"""Pages of what can be wrong with a template's layout, partials, locales, and facts that may be absent."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page, Subject

_HEAD = "# templates/note.mjml\n---\nsubject: Tips\n---\n"


def _mail(within: str) -> str:
    """Write a whole mail in MJML around some of it, in the place of the one that is there."""
    return (
        f"{_HEAD}<mjml>\n  <mj-body>\n    <mj-section>\n      <mj-column>\n{within}"
        "      </mj-column>\n    </mj-section>\n  </mj-body>\n</mjml>\n"
    )


PAGES: Final = (
    Page(
        code="mjml",
        meaning="A template is not MJML that can be compiled: a tag that there is not, that stands where it "
        "may not, or is not closed, or Liquid where the compiler has no place for it.",
        remedy="Take the nearest tag, or move it where the message says it may stand. HTML and words stand "
        "in mj-text, mj-button, mj-table and mj-raw; {% if %} and {% for %} stand around whole tags or "
        "within words.",
        wrong=_mail("        <mj-txt>Hello</mj-txt>\n"),
        right=_mail("        <mj-text>Hello</mj-text>\n"),
    ),
    Page(
        code="unknown-partial",
        meaning="A template uses a partial that is not there, or not for its kind of text.",
        remedy="Take the nearest name, or write templates/partials/<name>.mjml for MJML, .html for HTML, "
        ".txt for subjects and texts. The name stands in quotes.",
        wrong=_mail("        <mj-text>{% render 'foter' %}</mj-text>\n")
        + "# templates/partials/footer.html\n{{ sender.postal_address }}\n",
        right=_mail("        <mj-text>{% render 'footer' %}</mj-text>\n")
        + "# templates/partials/footer.html\n{{ sender.postal_address }}\n",
    ),
    Page(
        code="recursive-partial",
        meaning="A partial uses itself, perhaps by way of another, so that it would never come to an end.",
        remedy="Let one of the two stand without the other; a loop goes through a list instead.",
        wrong=_mail("        {% render 'row' %}\n")
        + "# templates/partials/row.mjml\n<mj-text>Row</mj-text>{% render 'row' %}\n",
        right=_mail("        {% render 'row' %}\n")
        + "# templates/partials/row.mjml\n<mj-text>Row</mj-text>\n",
    ),
    Page(
        code="partial-value",
        meaning="A partial needs a value that the template which uses it does not give.",
        remedy="Give it beside the name, or ask in the partial whether it is there.",
        wrong=_mail("        {% render 'go' %}\n")
        + "# templates/partials/go.mjml\n<mj-text>{{ label }}</mj-text>\n",
        right=_mail("        {% render 'go', label: 'Plans' %}\n")
        + "# templates/partials/go.mjml\n<mj-text>{{ label }}</mj-text>\n",
    ),
    Page(
        code="unknown-locale",
        meaning="The file of a template has a part in its name that is no locale.",
        remedy="Write a language, perhaps with a country: name.de.html, name.pt-BR.html. Names themselves "
        "have no dots.",
        wrong="# templates/tips.deutsch.html\n---\nsubject: Tipps\n---\n<p>Hallo</p>\n",
        right="# templates/tips.html\n---\nsubject: Tips\n---\n<p>Hello</p>\n",
    ),
)
"""The errors of this module."""

LINTS: Final = (
    Page(
        code="mjml-attribute",
        meaning="A tag of MJML has an attribute that MJML does not know.",
        why="It is passed over without a word, so the mail looks otherwise than it was meant to.",
        remedy="Take the nearest name. Styles of your own go into mj-style, by css-class.",
        wrong=_mail('        <mj-text colour="#333333">Hello</mj-text>\n'),
        right=_mail('        <mj-text color="#333333">Hello</mj-text>\n'),
        is_lint=True,
    ),
    Page(
        code="unguarded-fact",
        meaning="A template says something that not everybody has, and nothing asks whether it is there.",
        why="A message with a hole is never sent, so whoever lacks the fact hears nothing and waits in the "
        "journey for nothing. An offer has a guarantee only where the catalog gives one; the plan that fits, "
        "what was saved and the links to leave are there only when they could be told.",
        remedy="Put {% if %} around it, or give it a default.",
        wrong="# templates/upgrade.html\n---\nsubject: More\n---\n<p>{{ offer.guarantee }}</p>\n",
        right="# templates/upgrade.html\n---\nsubject: More\n---\n"
        "<p>{{ offer.title }}</p>{% if offer.guarantee %}<p>{{ offer.guarantee }}</p>{% endif %}\n",
        is_lint=True,
    ),
    Page(
        code="missing-locale",
        meaning="One template of a workflow is written in a language in which another of it is not.",
        why="Whoever reads that language gets one message of the journey in it and the next in another, "
        "which reads as if two companies wrote.",
        remedy="Write the template that lacks it, or take the other one's away.",
        wrong="# templates/tips.de.html\n---\nsubject: Tipps\n---\n<p>Hallo</p>\n",
        right="# templates/tips.de.html\n---\nsubject: Tipps\n---\n<p>Hallo</p>\n"
        "# templates/upgrade.de.html\n---\nsubject: Mehr\n---\n<p>{{ offer.title }}</p>\n",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
)
"""The warnings of this module."""
