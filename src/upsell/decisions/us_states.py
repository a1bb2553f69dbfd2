"""The states of the United States: their names, their clocks and their area codes.

For whoever asks where a phone number or an address is. Clocks are those of the IANA database, each
that some of the state keeps; area codes are those in service at the time of writing, as libphonenumber
gives them (a test holds the table to it). The law: what is not in the table is unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec


class UsState(msgspec.Struct, frozen=True):
    """A state, the district or a territory.

    Attributes:
        name: What it is called.
        zones: IANA zones of its clocks.
        area_codes: Area codes of its phone numbers.
    """

    name: str
    zones: tuple[str, ...]
    area_codes: frozenset[str]


def _state(name: str, zones: str, area_codes: str) -> UsState:
    return UsState(name, tuple(zones.split()), frozenset(area_codes.split()))


STATES: Final[Mapping[str, UsState]] = {
    "AK": _state(
        "Alaska",
        "America/Anchorage America/Adak",
        "907",
    ),
    "AL": _state(
        "Alabama",
        "America/Chicago",
        "205 251 256 334 659 938",
    ),
    "AR": _state(
        "Arkansas",
        "America/Chicago",
        "327 479 501 870",
    ),
    "AS": _state(
        "American Samoa",
        "Pacific/Pago_Pago",
        "684",
    ),
    "AZ": _state(
        "Arizona",
        "America/Phoenix America/Denver",
        "480 520 602 623 928",
    ),
    "CA": _state(
        "California",
        "America/Los_Angeles",
        "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 "
        "669 707 714 738 747 760 805 818 820 831 840 858 909 916 925 949 951",
    ),
    "CO": _state(
        "Colorado",
        "America/Denver",
        "303 719 720 748 970 983",
    ),
    "CT": _state(
        "Connecticut",
        "America/New_York",
        "203 475 860 959",
    ),
    "DC": _state(
        "the District of Columbia",
        "America/New_York",
        "202 771",
    ),
    "DE": _state(
        "Delaware",
        "America/New_York",
        "302",
    ),
    "FL": _state(
        "Florida",
        "America/New_York America/Chicago",
        "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
    ),
    "GA": _state(
        "Georgia",
        "America/New_York",
        "229 404 470 478 678 706 762 770 912 943",
    ),
    "GU": _state(
        "Guam",
        "Pacific/Guam",
        "671",
    ),
    "HI": _state(
        "Hawaii",
        "Pacific/Honolulu",
        "808",
    ),
    "IA": _state(
        "Iowa",
        "America/Chicago",
        "319 515 563 641 712",
    ),
    "ID": _state(
        "Idaho",
        "America/Boise America/Los_Angeles",
        "208 986",
    ),
    "IL": _state(
        "Illinois",
        "America/Chicago",
        "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872",
    ),
    "IN": _state(
        "Indiana",
        "America/Indiana/Indianapolis America/Chicago",
        "219 260 317 463 574 765 812 930",
    ),
    "KS": _state(
        "Kansas",
        "America/Chicago America/Denver",
        "316 620 785 913",
    ),
    "KY": _state(
        "Kentucky",
        "America/New_York America/Kentucky/Louisville America/Chicago",
        "270 364 502 606 859",
    ),
    "LA": _state(
        "Louisiana",
        "America/Chicago",
        "225 318 337 504 985",
    ),
    "MA": _state(
        "Massachusetts",
        "America/New_York",
        "339 351 413 508 617 774 781 857 978",
    ),
    "MD": _state(
        "Maryland",
        "America/New_York",
        "227 240 301 410 443 667",
    ),
    "ME": _state(
        "Maine",
        "America/New_York",
        "207",
    ),
    "MI": _state(
        "Michigan",
        "America/Detroit America/Menominee",
        "231 248 269 313 517 586 616 734 810 906 947 989",
    ),
    "MN": _state(
        "Minnesota",
        "America/Chicago",
        "218 320 507 612 651 763 952",
    ),
    "MO": _state(
        "Missouri",
        "America/Chicago",
        "235 314 417 557 573 636 660 816 975",
    ),
    "MP": _state(
        "the Northern Mariana Islands",
        "Pacific/Saipan",
        "670",
    ),
    "MS": _state(
        "Mississippi",
        "America/Chicago",
        "228 601 662 769",
    ),
    "MT": _state(
        "Montana",
        "America/Denver",
        "406",
    ),
    "NC": _state(
        "North Carolina",
        "America/New_York",
        "252 336 472 704 743 828 910 919 980 984",
    ),
    "ND": _state(
        "North Dakota",
        "America/Chicago America/Denver",
        "701",
    ),
    "NE": _state(
        "Nebraska",
        "America/Chicago America/Denver",
        "308 402 531",
    ),
    "NH": _state(
        "New Hampshire",
        "America/New_York",
        "603",
    ),
    "NJ": _state(
        "New Jersey",
        "America/New_York",
        "201 551 609 640 732 848 856 862 908 973",
    ),
    "NM": _state(
        "New Mexico",
        "America/Denver",
        "505 575",
    ),
    "NV": _state(
        "Nevada",
        "America/Los_Angeles America/Denver",
        "702 725 775",
    ),
    "NY": _state(
        "New York",
        "America/New_York",
        "212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934",
    ),
    "OH": _state(
        "Ohio",
        "America/New_York",
        "216 220 234 283 326 330 380 419 440 513 567 614 740 937",
    ),
    "OK": _state(
        "Oklahoma",
        "America/Chicago",
        "405 539 572 580 918",
    ),
    "OR": _state(
        "Oregon",
        "America/Los_Angeles America/Boise",
        "458 503 541 971",
    ),
    "PA": _state(
        "Pennsylvania",
        "America/New_York",
        "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878",
    ),
    "PR": _state(
        "Puerto Rico",
        "America/Puerto_Rico",
        "787 939",
    ),
    "RI": _state(
        "Rhode Island",
        "America/New_York",
        "401",
    ),
    "SC": _state(
        "South Carolina",
        "America/New_York",
        "803 821 839 843 854 864",
    ),
    "SD": _state(
        "South Dakota",
        "America/Chicago America/Denver",
        "605",
    ),
    "TN": _state(
        "Tennessee",
        "America/New_York America/Chicago",
        "423 615 629 731 865 901 931",
    ),
    "TX": _state(
        "Texas",
        "America/Chicago America/Denver",
        "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 "
        "936 940 945 956 972 979",
    ),
    "UT": _state(
        "Utah",
        "America/Denver",
        "385 435 801",
    ),
    "VA": _state(
        "Virginia",
        "America/New_York",
        "276 434 540 571 686 703 757 804 826 948",
    ),
    "VI": _state(
        "the US Virgin Islands",
        "America/St_Thomas",
        "340",
    ),
    "VT": _state(
        "Vermont",
        "America/New_York",
        "802",
    ),
    "WA": _state(
        "Washington",
        "America/Los_Angeles",
        "206 253 360 425 509 564",
    ),
    "WI": _state(
        "Wisconsin",
        "America/Chicago",
        "262 274 353 414 534 608 715 920",
    ),
    "WV": _state(
        "West Virginia",
        "America/New_York",
        "304 681",
    ),
    "WY": _state(
        "Wyoming",
        "America/Denver",
        "307",
    ),
}
"""By the second half of their ISO 3166-2 codes: ``TX`` of ``US-TX``."""

AREA_CODES: Final[Mapping[str, str]] = {
    code: key for key, state in STATES.items() for code in state.area_codes
}
"""The state of each area code; one that is absent says nothing of a place, such as 800."""

TERRITORIES: Final = frozenset({"AS", "GU", "MP", "PR", "VI"})
"""Those that have an ISO 3166 country code of their own."""

CLOCKS: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
"""The clocks of somebody in an unknown one of the fifty states; Arizona's and Adak's lie between them."""

_BY_NAME = {state.name.removeprefix("the ").casefold(): key for key, state in STATES.items()}


def state_called(text: str) -> str:
    """Give the key of the state that a text names, such as ``TX``, ``US-TX`` or ``Texas``; or nothing."""
    plain = text.strip().casefold().removeprefix("us-").removeprefix("the ")
    return plain.upper() if plain.upper() in STATES else _BY_NAME.get(plain, "")
