"""Imports between the rooms of helpers run one way, and names that a notebook imports lead to their homes."""
import ast
from importlib import import_module
from pathlib import Path

import pytest

import helpers
from helpers import figures

HELPERS = Path(helpers.__file__).parent
ALLOWED = {                              # what each room may import of the others
    "pages": (), "experiments": (), "figures": (), "labs": ("pages",), "checks": ("pages",),
    "lessons": ("checks", "experiments"), "session": ("experiments",), "__init__": (),
}
SHARED = "parts", "roles"                # what figures may import of each other


def imported(source, package):
    """What a module in this package ("helpers.labs") imports of helpers, without "helpers."."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[:len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            found = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("helpers.") for name in found if name.startswith("helpers."))


def against(room, source, package):
    """Imports against the direction, in words."""
    for name in imported(source, package):
        other = name.split(".")[0]
        if other != room and other not in ALLOWED[room]:
            yield f"{room} imports {name}"
        if room == "figures" and name.split(".")[1] not in SHARED:
            yield f"a figure imports {name}: share it through parts"


FILES = sorted(path.relative_to(HELPERS) for path in HELPERS.rglob("*.py"))


@pytest.mark.parametrize("inside", FILES, ids=str)
def test_imports_run_one_way(inside):
    room = inside.parts[0].removesuffix(".py")
    package = ".".join(["helpers", *inside.parts[:-1]])
    if inside.as_posix() != "figures/__init__.py":
        assert not list(against(room, (HELPERS / inside).read_text(encoding="utf-8"), package))


def test_every_room_is_known():
    assert {path.parts[0].removesuffix(".py") for path in FILES} == set(ALLOWED)


@pytest.mark.parametrize("room, source, said", [
    ("labs", "from ..figures import curves", "labs imports figures.curves"),
    ("experiments", "def late():\n    from .. import pages", "experiments imports pages"),
    ("checks", "import helpers.lessons.dropout", "checks imports lessons.dropout"),
    ("figures", "from .curves import HALO", "share it through parts"),
    ("figures", "from ..labs.picture import Picture", "figures imports labs.picture"),
])
def test_an_import_against_the_direction_is_found(room, source, said):
    assert said in " ".join(against(room, source, f"helpers.{room}"))


def test_nothing_imports_notebooks_or_tests():
    for path in FILES:
        tree = ast.parse((HELPERS / path).read_text(encoding="utf-8"))
        names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name for name in names if name.split(".")[0] in ("tests", "notebooks", "run")}, path


@pytest.mark.parametrize("package", [helpers, figures], ids=lambda package: package.__name__)
def test_every_name_is_found_where_the_table_says(package):
    for name, home in package.HOMES.items():
        value = getattr(package, name)
        module = import_module(f"{package.__name__}.{home}")
        assert value is getattr(module, name) and name in dir(package)
        assert package is helpers or home != name, f"module and figure {name} share a name"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing


def test_every_module_of_figures_is_the_home_of_one():
    modules = {path.stem for path in (HELPERS / "figures").glob("*.py")} - {"__init__", *SHARED}
    assert modules == set(figures.HOMES.values())
