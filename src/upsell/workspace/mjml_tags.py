"""The tags of MJML 4: which may stand in which, and the attributes they know.

From the reference of MJML's components. The law: what is not in these tables is told, because the compiler
passes over what it does not know without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CONTENT: Final = tuple(
    "mj-text mj-button mj-image mj-divider mj-spacer mj-table mj-raw mj-social mj-navbar mj-accordion "
    "mj-carousel mj-hero".split()
)

CHILDREN: Final[Mapping[str, tuple[str, ...]]] = {
    "mjml": ("mj-head", "mj-body"),
    "mj-head": (
        "mj-title",
        "mj-attributes",
        "mj-breakpoint",
        "mj-font",
        "mj-html-attributes",
        "mj-style",
        "mj-raw",
    ),
    "mj-attributes": (
        *(name for name in _CONTENT if name != "mj-raw"),
        *"mj-all mj-class mj-body mj-section mj-wrapper mj-column mj-group mj-social-element".split(),
        *"mj-navbar-link mj-accordion-element mj-accordion-title mj-accordion-text".split(),
    ),
    "mj-body": ("mj-section", "mj-wrapper", "mj-hero", "mj-raw"),
    "mj-wrapper": ("mj-section", "mj-hero", "mj-raw"),
    "mj-section": ("mj-column", "mj-group", "mj-raw"),
    "mj-group": ("mj-column", "mj-raw"),
    "mj-column": tuple(name for name in _CONTENT if name != "mj-hero"),
    "mj-hero": tuple(name for name in _CONTENT if name != "mj-hero"),
    "mj-social": ("mj-social-element",),
    "mj-navbar": ("mj-navbar-link",),
    "mj-accordion": ("mj-accordion-element",),
    "mj-accordion-element": ("mj-accordion-title", "mj-accordion-text"),
    "mj-carousel": ("mj-carousel-image",),
    **dict.fromkeys(
        "mj-title mj-breakpoint mj-font mj-html-attributes mj-style mj-all mj-class mj-text mj-button "
        "mj-image mj-divider mj-spacer mj-table mj-raw mj-social-element mj-navbar-link mj-accordion-title "
        "mj-accordion-text mj-carousel-image".split(),
        (),
    ),
}
"""Which tags may stand directly in which."""

HTML_INSIDE: Final = frozenset(
    "mj-title mj-style mj-text mj-button mj-table mj-raw mj-social-element mj-navbar-link "
    "mj-accordion-title mj-accordion-text".split()
)
"""Tags that hold words or HTML, and no other tags of MJML."""

NOTHING_INSIDE: Final = frozenset(
    "mj-image mj-divider mj-spacer mj-font mj-breakpoint mj-all mj-class mj-carousel-image".split()
)
"""Tags that hold nothing."""

TAKES_LIQUID: Final = frozenset("mj-head mj-body mj-wrapper mj-section mj-group mj-column mj-hero".split())
"""Tags between whose children Liquid may stand, such as a loop around sections."""

ATTRIBUTES: Final = frozenset(
    """
    align alt background-color background-height background-position background-position-x
    background-position-y background-repeat background-size background-url background-width base-url border
    border-bottom border-collapse border-color border-left border-radius border-right border-style border-top
    border-width cellpadding cellspacing color container-background-color css-class direction dir
    fluid-on-mobile font-family font-size font-style font-weight full-width hamburger height href icon-align
    icon-height icon-padding icon-position icon-size icon-unwrapped-alt icon-unwrapped-url icon-width
    icon-wrapped-alt icon-wrapped-url ico-align ico-close ico-color ico-font-family ico-font-size
    ico-line-height ico-open ico-padding ico-padding-bottom ico-padding-left ico-padding-right
    ico-padding-top ico-text-decoration ico-text-transform inline inner-background-color inner-border
    inner-border-bottom inner-border-left inner-border-radius inner-border-right inner-border-top
    inner-padding inner-width lang left-icon letter-spacing line-height max-height min-width max-width
    mj-class mode name owa padding padding-bottom padding-left padding-right padding-top position rel
    right-icon role sizes src srcset table-layout target text-align text-decoration text-padding
    text-transform thumbnails thumbnails-src tb-border tb-border-radius tb-hover-border-color
    tb-selected-border-color tb-width title
    usemap vertical-align width
    """.split()
)
"""Attributes that some tag knows."""

FIXED_ATTRIBUTES: Final = frozenset(
    """
    border border-bottom border-left border-right border-top border-width css-class height icon-size
    inner-padding mj-class mode name padding padding-bottom padding-left padding-right padding-top width
    """.split()
)
"""Attributes with which the compiler reckons, so that they cannot be Liquid."""

WORD_ATTRIBUTES: Final = frozenset("alt href rel sizes src srcset target title usemap".split())
"""Attributes that come into the HTML as they are: words and addresses."""
