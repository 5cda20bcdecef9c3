"""One set of versions, stated once; two commands that work first, again, and after a failure; a wheel that carries the digits."""
import ast
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

try:
    import tomllib
except ImportError:                                  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = [line.split()[-1] for line in PROJECT["classifiers"] if re.fullmatch(r".*:: 3\.\d+", line)]
CONDA = {"pytorch": "torch", "matplotlib-base": "matplotlib"}                # conda-forge's names
IMPORTED_AS = {"PIL": "pillow", "yaml": "pyyaml", "IPython": "ipython"}


def requirements(lines):
    return [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def declared():
    extras = PROJECT["optional-dependencies"]
    return requirements([*PROJECT["dependencies"], *extras["lab"], *extras["test"]])


def ranges(of):
    return {canonicalize_name(r.name): r.specifier for r in of}


def pins(python):
    """{package: exact version} that constraints.txt gives on Linux."""
    here = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux", "os_name": "posix",
            "platform_machine": "x86_64", "platform_system": "Linux", "implementation_name": "cpython"}
    valid = [r for r in requirements((ROOT / "constraints.txt").read_text().splitlines()) if not r.marker or r.marker.evaluate(here)]
    versions = {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in valid}
    assert len(versions) == len(valid), "one package pinned twice"
    return versions


# ---- versions

def test_the_same_pythons_everywhere():
    assert PYTHONS == ["3.10", "3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert re.findall(r"\(3, (\d+)\)", (ROOT / "set-up.sh").read_text()) == ["10", "13"]
    assert "3.10 to 3.13" in (ROOT / "README.md").read_text()
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == [PYTHONS[0], PYTHONS[-1]]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_is_pinned_within_its_range(python):
    pinned = pins(python)
    for r in declared():
        if r.marker and not r.marker.evaluate({"python_version": python}): continue
        assert r.specifier.contains(pinned[canonicalize_name(r.name)]), f"{r} against {pinned[canonicalize_name(r.name)]}"


def test_conda_gets_the_same_ranges():
    """tomli is in the standard library from 3.11 on; conda's playwright comes from pip."""
    *packages, from_pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    packages = {CONDA.get(r.name, r.name): r.specifier for r in requirements(packages)}
    assert str(packages.pop("python")) == "<3.14,>=3.10" and packages.pop("pip") == ""
    editable, *others = from_pip["pip"]
    assert editable == "--editable ."
    assert {**packages, **ranges(requirements(others))} == {name: spec for name, spec in ranges(declared()).items() if name != "tomli"}


def test_colabs_versions_are_within_the_ranges():
    allowed = ranges(declared())
    colab = ranges(requirements((ROOT / "tests/colab.txt").read_text().splitlines()))
    assert str(colab["ipywidgets"]) == "==7.7.1"
    for name, spec in colab.items():
        version = str(spec).removeprefix("==")
        if name in allowed: assert allowed[name].contains(version), name


def test_torch_and_torchvision_belong_together():
    """The installed torchvision asks for a torch that the pinned one is."""
    asks = next(r for r in map(Requirement, metadata.requires("torchvision")) if r.name == "torch")
    if metadata.version("torchvision") != pins(PYTHONS[-1])["torchvision"]: pytest.skip("another torchvision is installed than the pinned one")
    assert all(asks.specifier.contains(pins(python)["torch"]) for python in PYTHONS)


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="not in the environment that make sets up")
def test_what_is_installed_is_what_is_pinned():
    pinned = pins(f"3.{sys.version_info[1]}")
    installed = {canonicalize_name(d.metadata["Name"]): d.version for d in metadata.distributions()}
    own = {"pip", canonicalize_name(PROJECT["name"])}
    assert {name: version for name, version in installed.items() if name not in own} == {name: pinned.get(name) for name in installed if name not in own}


def test_all_that_is_imported_is_declared():
    names = {canonicalize_name(r.name) for r in declared()}
    own = {"helpers", *(path.stem for path in (ROOT / "tests").rglob("*.py"))}
    for folder in ("helpers", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            missing = {module for module in imports(path) - own - set(sys.stdlib_module_names)
                       if canonicalize_name(IMPORTED_AS.get(module, module)) not in names - {"tomllib"} and module != "tomllib"}
            assert not missing, f"{path.relative_to(ROOT)} imports {missing}: declare it in pyproject.toml"


def imports(path):
    """Top names of what a file imports from elsewhere."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}


# ---- commands

def test_every_ci_runs_make_test():
    steps = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]["steps"]
    assert steps[-1]["run"] == "bash .ci/run"
    script = (ROOT / ".ci/run").read_text()
    assert re.search(r"^make test\b", script, flags=re.M) and "export REQUIRE_BROWSER=1" in script


def test_the_readme_lists_every_notebook():
    readme = (ROOT / "README.md").read_text()
    listed = re.findall(r"\(notebooks/(\w+\.ipynb)\)", readme)
    assert sorted(set(listed)) == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


STAND_IN = """\
#!/bin/sh
# A Python that notes what it is asked and installs nothing; it fails where the file "broken" lies.
case "$*" in
--version) echo "Python 3.12.0" ;;
*"-m venv"*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
*"pip install"*) echo install >> log; test ! -e broken ;;
esac
"""


@pytest.fixture
def clone(tmp_path):
    """A folder (with a space in its name) that holds only what set-up reads, and a Python that installs nothing."""
    folder = tmp_path / "a clone"
    (folder / "tests").mkdir(parents=True)
    for name in ("Makefile", "set-up.sh", "pyproject.toml", "constraints.txt", "tests/colab.txt"): shutil.copy(ROOT / name, folder / name)
    python = folder / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    return folder


def set_up(folder, python="./python"):
    """Returns what make says and how often something was installed so far."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make", "set-up", *([f"PYTHON={python}"] if python else [])], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    log = folder / "log"
    return done, log.read_text().count("install") if log.exists() else 0


def test_set_up_installs_once_and_again_when_versions_change(clone):
    assert [set_up(clone)[1] for _ in range(3)] == [1, 1, 1]
    assert set_up(clone, python=None)[1] == 1                 # .venv is there: no Python need be named
    with (clone / "constraints.txt").open("a") as file: file.write("# changed\n")
    assert [set_up(clone)[1] for _ in range(2)] == [2, 2]


def test_a_failed_set_up_is_done_again(clone):
    (clone / "broken").touch()
    assert [set_up(clone)[0].returncode != 0 for _ in range(2)] == [True, True]
    (clone / "broken").unlink()
    done, installs = set_up(clone)
    assert done.returncode == 0 and installs == 3
    assert set_up(clone)[1] == 3


def test_a_moved_or_damaged_environment_is_made_anew(clone):
    set_up(clone)
    moved = clone.rename(clone.with_name("elsewhere"))
    assert set_up(moved)[1] == 2
    (moved / ".venv/bin/python").unlink()
    assert set_up(moved)[1] == 3


def test_another_python_makes_another_environment(clone):
    set_up(clone)
    other = clone / "python3.11"
    other.write_text(STAND_IN.replace("3.12.0", "3.11.0"))
    other.chmod(0o755)
    assert set_up(clone, "./python3.11")[1] == 2
    assert set_up(clone, python=None)[1] == 2


def test_no_suitable_python_says_what_to_do(clone):
    done, _ = set_up(clone, python="no-such-python")
    assert done.returncode != 0
    assert "No Python 3.10 to 3.13" in done.stderr and "no-such-python" in done.stderr and "PYTHON=" in done.stderr
    assert not (clone / ".venv").exists()


# ---- the package, as Colab installs it

@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel") / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", target, ROOT], check=True, timeout=300)
    return target


def test_the_installed_package_finds_its_digits(installed, tmp_path):
    code = "import helpers, helpers.experiments.data, helpers.figures; print(helpers.__file__); print(*map(len, (*helpers.experiments.data.load().train, *helpers.experiments.data.load().test)))"
    env = {**os.environ, "PYTHONPATH": str(installed)}
    env.pop("HELPERS_DATA", None)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    where, sizes = done.stdout.splitlines()
    assert Path(where).is_relative_to(installed)
    assert sizes == "4000 4000 1000 1000"


def test_the_installed_package_holds_every_file_of_the_helpers(installed):
    def files(root):
        return {path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {path for path in files(installed / "helpers") if path.parts[0] != "_embedded"} == files(ROOT / "helpers")
    assert files(installed / "helpers/_embedded/MNIST/raw") == files(ROOT / "data/MNIST/raw")
