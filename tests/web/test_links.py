"""Links to Colab and Binder, put in and taken out again."""
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from web import links

ROOT = Path(__file__).parents[2]
GITHUB = "https://github.com/owner/name"


@pytest.mark.parametrize("remote, web", [
    (GITHUB, GITHUB), (GITHUB + ".git", GITHUB), ("https://user:secret@github.com/owner/name.git", GITHUB),
    ("git@github.com:owner/name.git", GITHUB), ("ssh://git@github.com:22/owner/name", GITHUB),
    ("https://gitlab.com/group/part/name.git", "https://gitlab.com/group/part/name"),
    ("git@code.example.org:owner/name", "https://code.example.org/owner/name")])
def test_a_remote_is_read(remote, web):
    assert links.parsed(remote).web == web


@pytest.mark.parametrize("remote", ["/srv/git/name.git", "../name", "C:\\work\\name", "file:///srv/name"])
def test_a_path_of_this_machine_is_no_address(remote):
    with pytest.raises(ValueError, match="others can reach"):
        links.parsed(remote)


def test_where_a_notebook_opens():
    file = "notebooks/05_train_eval.ipynb"
    line = links.parsed(GITHUB, "trunk").line(file)
    assert f"(https://colab.research.google.com/github/owner/name/blob/trunk/{file})" in line
    binder = "https://mybinder.org/v2/gh/owner/name/trunk?urlpath="
    assert f"({binder}lab%2Ftree%2Fnotebooks%2F05_train_eval.ipynb)" in line
    other = links.parsed("https://code.example.org/owner/name").line(file)
    assert "colab" not in other and "v2/git/https%3A%2F%2Fcode.example.org%2Fowner%2Fname/main" in other
    assert "v2/gl/group%2Fname/main" in links.parsed("https://gitlab.com/group/name").line(file)


@pytest.fixture
def copy(tmp_path):
    """README and two notebooks in a repository of their own."""
    for name in "README.md", "notebooks/00_start_here.ipynb", "notebooks/05_train_eval.ipynb":
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    links.put(tmp_path, None)
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    return tmp_path


def contents(folder):
    return {path: path.read_text("utf-8") for path in folder.glob("**/*") if path.suffix in (".md", ".ipynb")}


def test_links_are_put_in_once_and_taken_out_again(copy):
    before = contents(copy)
    for _ in range(2):
        links.put(copy, links.parsed(GITHUB))
    for path, text in contents(copy).items():
        assert text.count(links.MARK) == 1 and before[path] != text
    first, code = nbformat.read(copy / "notebooks/05_train_eval.ipynb", as_version=4).cells[:2]
    assert first.source.splitlines()[2].startswith(links.MARK + "[Open in Colab]")
    assert f"git+{GITHUB}" in code.source
    links.put(copy, links.parsed("https://code.example.org/owner/name"))
    assert not any("github.com" in text for path, text in contents(copy).items() if path.suffix == ".ipynb")
    links.put(copy, None)
    assert contents(copy) == before


def test_the_address_is_that_of_origin(copy):
    assert links.address(copy) is None
    subprocess.run(["git", "-C", copy, "remote", "add", "origin", GITHUB + ".git"], check=True)
    assert links.address(copy) == links.Address("github.com", "owner/name", "main")


def test_without_a_remote_nothing_changes(monkeypatch):
    monkeypatch.setattr(links, "put", None)
    monkeypatch.setattr(links, "address", lambda: None)
    with pytest.raises(SystemExit, match="no remote called origin"):
        links.main([])
    with pytest.raises(SystemExit, match="off"):
        links.main(["of"])


def test_the_set_up_cell_installs_what_is_missing_and_nothing_else(monkeypatch):
    """In a process without helpers it asks pip once, without dependencies, and then starts them."""
    code = links.WITH.format(GITHUB).replace("import torch\nfrom torch import nn\n", "")
    asked = []

    class Shell:
        def run_line_magic(self, name, words):
            asked.append((name, words))

    class Helpers:
        start = staticmethod(lambda: asked.append("started"))
    import builtins
    real, missing = builtins.__import__, [True]

    def importing(name, *rest):
        if name == "helpers":
            if missing:
                missing.pop()
                raise ImportError
            return Helpers
        return real(name, *rest)
    monkeypatch.setattr(builtins, "__import__", importing)
    exec(code, {"get_ipython": Shell, "__builtins__": builtins})
    assert asked == [("pip", f"install -q --no-deps git+{GITHUB}"), "started"]
