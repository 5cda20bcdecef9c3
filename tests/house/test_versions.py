"""One set of versions, stated once; a wheel that carries the digits."""
import ast
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import run

try:
    import tomllib
except ImportError:                                  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = [line.split()[-1] for line in PROJECT["classifiers"] if re.fullmatch(r".*:: 3\.\d+", line)]
CONDA = {"pytorch": "torch", "matplotlib-base": "matplotlib",                # conda-forge's names
         "jupyter_client": "jupyter-client"}
IMPORTED_AS = {"PIL": "pillow", "yaml": "pyyaml", "IPython": "ipython"}


def requirements(lines):
    return [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def declared():
    extras = PROJECT["optional-dependencies"]
    return requirements([*PROJECT["dependencies"], *extras["lab"], *extras["site"], *extras["test"]])


def ranges(of):
    return {canonicalize_name(r.name): r.specifier for r in of}


def pins(python):
    """{package: exact version} that constraints.txt gives on Linux."""
    here = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux",
            "os_name": "posix", "platform_machine": "x86_64", "platform_system": "Linux",
            "implementation_name": "cpython"}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    valid = [r for r in requirements(lines) if not r.marker or r.marker.evaluate(here)]
    versions = {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in valid}
    assert len(versions) == len(valid), "one package pinned twice"
    return versions


# ---- versions

def test_the_same_pythons_everywhere():
    assert PYTHONS == ["3.10", "3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert [f"{a}.{b}" for a, b in (run.OLDEST, run.NEWEST)] == [PYTHONS[0], PYTHONS[-1]]
    assert "3.10 to 3.13" in (ROOT / "README.md").read_text()
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == [PYTHONS[0], PYTHONS[-1]]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_is_pinned_within_its_range(python):
    pinned = pins(python)
    for r in declared():
        version = pinned.get(canonicalize_name(r.name))
        needed = not r.marker or r.marker.evaluate({"python_version": python})
        assert not needed or r.specifier.contains(version), f"{r} against {version}"


def test_conda_gets_the_same_ranges():
    """tomli is in the standard library from 3.11 on; conda's playwright comes from pip."""
    *packages, from_pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    packages = {CONDA.get(r.name, r.name): r.specifier for r in requirements(packages)}
    assert str(packages.pop("python")) == "<3.14,>=3.10" and packages.pop("pip") == ""
    editable, *others = from_pip["pip"]
    assert editable == "--editable ."
    stated = ranges(declared())
    del stated["tomli"]
    assert {**packages, **ranges(requirements(others))} == stated


def test_colabs_versions_are_within_the_ranges():
    allowed = ranges(declared())
    colab = ranges(requirements((ROOT / run.STATED[-1]).read_text().splitlines()))
    assert str(colab["ipywidgets"]) == "==7.7.1"
    for name, spec in colab.items():
        version = str(spec).removeprefix("==")
        assert name not in allowed or allowed[name].contains(version), name


def test_torch_and_torchvision_belong_together():
    """The installed torchvision asks for a torch that the pinned one is."""
    asks = next(r for r in map(Requirement, metadata.requires("torchvision")) if r.name == "torch")
    if Version(metadata.version("torchvision")).public != pins(PYTHONS[-1])["torchvision"]:
        pytest.skip("another torchvision is installed than the pinned one")
    assert all(asks.specifier.contains(pins(python)["torch"]) for python in PYTHONS)


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="not in the environment that run.py sets up")
def test_what_is_installed_is_what_is_pinned():
    """torch may come from another index: 2.15.0+cpu is 2.15.0."""
    pinned = pins(f"3.{sys.version_info[1]}")
    installed = {canonicalize_name(d.metadata["Name"]): Version(d.version).public
                 for d in metadata.distributions()}
    for own in "pip", canonicalize_name(PROJECT["name"]):
        installed.pop(own, None)
    assert installed == {name: pinned.get(name) for name in installed}


def test_all_that_is_imported_is_declared():
    names = {canonicalize_name(r.name) for r in declared()}
    own = {"helpers", "run", "web", *(path.stem for path in (ROOT / "tests").rglob("*"))}
    for folder in ("helpers", "tests", "web"):
        for path in (ROOT / folder).rglob("*.py"):
            foreign = imports(path) - own - set(sys.stdlib_module_names) - {"tomllib"}
            missing = {module for module in foreign if package(module) not in names}
            assert not missing, f"{path.name} imports {missing}: declare it in pyproject.toml"


def package(module):
    return canonicalize_name(IMPORTED_AS.get(module, module))


def imports(path):
    """Top names of what a file imports from elsewhere."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {module.split(".")[0] for module in modules}


def test_run_py_needs_python_alone():
    assert imports(ROOT / "run.py") <= set(sys.stdlib_module_names)


# ---- the package, as Colab installs it

LOADS = """
import helpers
import helpers.figures
from helpers.experiments.data import load
print(helpers.__file__)
print(*map(len, (*load().train, *load().test)))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel") / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
                    "--target", target, ROOT], check=True, timeout=300)
    return target


def test_the_installed_package_finds_its_digits(installed, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(installed)}
    env.pop("HELPERS_DATA", None)
    done = subprocess.run([sys.executable, "-c", LOADS], cwd=tmp_path, env=env, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    where, sizes = done.stdout.splitlines()
    assert Path(where).is_relative_to(installed)
    assert sizes == "4000 4000 1000 1000"


def test_the_installed_package_holds_every_file_of_the_helpers(installed):
    def files(root):
        found = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {path.relative_to(root) for path in found}
    helpers = {path for path in files(installed / "helpers") if path.parts[0] != "_embedded"}
    assert helpers == files(ROOT / "helpers")
    assert files(installed / "helpers/_embedded/MNIST/raw") == files(ROOT / "data/MNIST/raw")
    ledger, copy = ROOT / "tests/truth.json", installed / "helpers/_embedded/truth.json"
    assert copy.read_bytes() == ledger.read_bytes()
