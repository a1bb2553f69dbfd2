"""The house stands: rooms know only what is below them, and pure rooms do nothing but compute.

The first half reads the real package; the second half plants each violation we can think of in a
small package of its own and expects it to be caught, so that a silent checker is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ladder
from tests.ladder import Module

SOURCE = Path(__file__).resolve().parents[1] / "src" / "upsell"

Plant = Callable[[dict[str, str]], Path]


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return ladder.read_package(SOURCE)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write a small package: for each path under it, the source."""

    def write(files: dict[str, str]) -> Path:
        folder = tmp_path / "upsell"
        for name, source in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, "utf-8")
        return folder

    return write


def test_imports_point_down_the_ladder_only(modules: list[Module]) -> None:
    assert ladder.climbing(modules) == []


def test_no_module_is_caught_in_a_loop_of_imports(modules: list[Module]) -> None:
    assert ladder.loops(modules) == []


def test_pure_rooms_import_only_what_computes(modules: list[Module]) -> None:
    assert ladder.impure_imports(modules) == []


def test_pure_rooms_read_no_file_no_clock_and_no_chance(modules: list[Module]) -> None:
    assert ladder.impure_acts(modules) == []


def test_every_folder_and_module_stands_on_a_rung() -> None:
    assert ladder.homeless(SOURCE) == []
    assert ladder.folders_without_init(SOURCE) == []


def test_no_module_is_a_drawer(modules: list[Module]) -> None:
    assert ladder.drawers(modules) == []


def test_packages_hold_only_a_docstring(modules: list[Module]) -> None:
    assert ladder.talking_packages(modules) == []


def test_the_ladder_is_read_from_a_package_that_is_there(modules: list[Module]) -> None:
    assert {"rules", "decisions", "journeys"} <= {module.room for module in modules}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        pytest.param("rules/x.py", "from upsell.signals.events import Event", id="upwards"),
        pytest.param("rules/x.py", "import upsell.store.postgres", id="upwards, plain import"),
        pytest.param("rules/x.py", "from upsell import runtime", id="upwards, from the package"),
        pytest.param("decisions/x.py", "from ..journeys import advance", id="upwards, relative"),
        pytest.param("decisions/__init__.py", "from ..journeys import advance", id="upwards, relative, init"),
        pytest.param("decisions/deep/x.py", "from ...journeys import advance", id="upwards, from deeper"),
        pytest.param("catalog/x.py", "from upsell.signals.events import Event", id="sideways"),
        pytest.param("workspace/x.py", "from upsell.measurement import lift", id="sideways, measurement"),
        pytest.param("channels/x.py", "import upsell.sources.segment", id="sideways, sources"),
        pytest.param("clock.py", "from upsell.errors import UpsellError", id="sideways, leaves"),
        pytest.param("rules/x.py", "def f():\n    from upsell.web import app", id="inside a function"),
        pytest.param(
            "rules/x.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from upsell.signals import events",
            id="for types",
        ),
        pytest.param(
            "store/x.py", "import importlib\nimportlib.import_module('upsell.web.app')", id="by its name"
        ),
        pytest.param("cli/x.py", "from upsell.testing import factories", id="testing, from the top"),
    ],
)
def test_an_import_that_climbs_is_caught(plant: Plant, path: str, source: str) -> None:
    assert len(ladder.climbing(ladder.read_package(plant({path: source})))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("cli/x.py", "from upsell.web import app\nfrom upsell import __version__"),
        ("runtime/x.py", "from upsell.measurement import lift\nfrom upsell.channels import smtp"),
        ("decisions/x.py", "from .gate import gate\nfrom . import caps\nimport upsell.clock"),
        ("config.py", "from upsell.errors import ConfigError"),
        ("testing/x.py", "from upsell.runtime import worker"),
    ],
)
def test_an_import_that_descends_or_stays_at_home_is_allowed(plant: Plant, path: str, source: str) -> None:
    assert ladder.climbing(ladder.read_package(plant({path: source}))) == []


@pytest.mark.parametrize(
    "source",
    [
        *(f"import {name}" for name in "time random secrets uuid os io pathlib socket subprocess".split()),
        *(f"import {name}" for name in "asyncio threading sqlite3 psycopg duckdb pyarrow httpx".split()),
        *(f"import {name}" for name in "aiosmtplib smtplib litestar logging importlib tempfile".split()),
        "from os import environ",
        "import os.path",
        "def f():\n    import random",
        "from upsell.clock import SystemClock",
        "import importlib\nimportlib.import_module('random')",
    ],
)
def test_a_pure_room_that_imports_the_world_is_caught(plant: Plant, source: str) -> None:
    assert ladder.impure_imports(ladder.read_package(plant({"decisions/x.py": source})))


def test_each_pure_room_has_only_its_own_exceptions(plant: Plant) -> None:
    own = {
        "measurement/x.py": "from importlib.resources import files\nimport numpy as np",
        "workspace/x.py": "from pathlib import Path\nimport yaml",
        "rules/x.py": "from datetime import datetime\nfrom upsell.clock import Moment",
    }
    swapped = {
        "measurement/y.py": "from pathlib import Path",
        "workspace/y.py": "from importlib.resources import files",
        "rules/y.py": "import numpy as np",
        "measurement/z.py": "from numpy.random import default_rng",
    }
    assert ladder.impure_imports(ladder.read_package(plant(own))) == []
    assert len(ladder.impure_imports(ladder.read_package(plant(swapped)))) == len(swapped)


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "print(1)",
        "at = datetime.now(UTC)",
        "at = date.today()",
        "at = datetime.utcnow()",
        "at = clock.now()",
        "make = datetime.now",
        "bucket = hash(unit) % 100",
        "np.random.seed(1)",
        "rng = np.random",
        "norm.rvs(3)",
        "path.write_text('x')",
        "path.open()",
    ],
)
def test_a_pure_room_that_acts_is_caught(plant: Plant, source: str) -> None:
    assert ladder.impure_acts(ladder.read_package(plant({"journeys/x.py": source})))


def test_a_moment_named_now_is_not_a_clock(plant: Plant) -> None:
    folder = plant({"journeys/x.py": "def due(facts):\n    return facts.now + 1"})
    assert ladder.impure_acts(ladder.read_package(folder)) == []


def test_rooms_that_act_may_act(plant: Plant) -> None:
    modules = ladder.read_package(plant({"runtime/x.py": "import random\nprint(random.random())"}))
    assert ladder.impure_imports(modules) == []
    assert ladder.impure_acts(modules) == []


def test_a_folder_or_module_without_a_rung_is_caught(plant: Plant) -> None:
    folder = plant({"__init__.py": "", "common/x.py": "", "extra.py": "", "rules/x.py": ""})
    assert [complaint.split()[0] for complaint in ladder.homeless(folder)] == ["common", "extra.py"]
    assert len(ladder.folders_without_init(folder)) == 2


def test_a_drawer_is_caught_however_deep(plant: Plant) -> None:
    folder = plant({"rules/utils.py": "", "rules/helpers/x.py": "", "rules/parse.py": ""})
    assert len(ladder.drawers(ladder.read_package(folder))) == 2


def test_a_package_that_holds_code_is_caught(plant: Plant) -> None:
    folder = plant(
        {
            "__init__.py": '"""The package."""\n\n__version__ = "1"\n',
            "rules/__init__.py": '"""The language."""\n\nfrom upsell.rules.parse import parse\n',
            "signals/__init__.py": "",
            "catalog/__init__.py": '"""What may be offered."""\n',
            "web/__init__.py": '"""The window."""\n\n__version__ = "1"\n',
        }
    )
    caught = [complaint.split(".")[1] for complaint in ladder.talking_packages(ladder.read_package(folder))]
    assert caught == ["rules", "signals", "web"]


def test_a_loop_inside_a_room_is_caught(plant: Plant) -> None:
    folder = plant(
        {
            "rules/a.py": "from upsell.rules.b import f",
            "rules/b.py": "from upsell.rules import c",
            "rules/c.py": "def g():\n    import upsell.rules.a",
            "rules/d.py": "import upsell.rules.a",
        }
    )
    assert ladder.loops(ladder.read_package(folder)) == [
        "upsell.rules.a -> upsell.rules.b -> upsell.rules.c -> upsell.rules.a"
    ]
