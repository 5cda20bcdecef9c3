"""Links that open a notebook in Colab or on Binder, and the address from which Colab installs helpers.

    python3 run.py links          # puts them in, from the address of the remote `origin`
    python3 run.py links off      # takes them out
"""
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import nbformat

ROOT = Path(__file__).resolve().parents[1]
MARK = "<!-- links -->"                 # a line of links begins so
LINE = re.compile(rf"^{MARK}.*\n\n?", re.M)
WITHOUT = """\
import torch
from torch import nn

import helpers          # on Colab, first: %pip install -q --no-deps git+<address of this repository>
helpers.start()"""
WITH = """\
import torch
from torch import nn

try:
    import helpers
except ImportError:     # on Colab; its own packages stay as they are
    get_ipython().run_line_magic("pip", "install -q --no-deps git+{}")
    import helpers
helpers.start()"""


@dataclass(frozen=True)
class Address:
    """Of a repository: https://{host}/{path}, and the branch that is linked."""
    host: str
    path: str
    branch: str = "main"

    @property
    def web(self):
        return f"https://{self.host}/{self.path}"

    def colab(self, file):
        """Colab opens notebooks of GitHub alone: None elsewhere."""
        if self.host == "github.com":
            return f"https://colab.research.google.com/github/{self.path}/blob/{self.branch}/{file}"

    def binder(self, file):
        kinds = {"github.com": f"gh/{self.path}", "gitlab.com": f"gl/{quote(self.path, safe='')}"}
        where = kinds.get(self.host, f"git/{quote(self.web, safe='')}")
        return f"https://mybinder.org/v2/{where}/{self.branch}?urlpath=" + quote(f"lab/tree/{file}", safe="")

    def line(self, file):
        """The links to open one file, as markdown."""
        places = {"Open in Colab": self.colab(file), "Open on Binder": self.binder(file)}
        links = " · ".join(f"[{words}]({there})" for words, there in places.items() if there)
        return f"{MARK}{links}\n\n"


def parsed(remote, branch="main"):
    """The Address of a remote: https, ssh or scp-like. Raises ValueError for a path of this machine."""
    found = (re.fullmatch(r"(?:https?|ssh|git)://(?:[^@/]+@)?([^/:]+)(?::\d+)?/(.+?)(?:\.git)?/?", remote)
             or re.fullmatch(r"(?:[^@/]+@)?([^/:]+\.[^/:]+):(?!//)(.+?)(?:\.git)?/?", remote))
    if not found:
        raise ValueError(f"the remote is {remote!r}: expected an address that others can reach, "
                         "such as https://host/owner/name or git@host:owner/name")
    return Address(found[1], found[2], branch)


def address(folder=ROOT):
    """The Address of `origin`, or None where there is none. Raises as parsed."""
    def git(*words):
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
        return done.stdout.strip()
    remote = git("remote", "get-url", "origin")
    head = git("symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    return parsed(remote, head or "main") if remote else None


def linked(text, line):
    """Markdown with this line of links below its title; "" takes it out."""
    text = LINE.sub("", text)
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{line}{rest.lstrip()}" if line else text


def put(folder, where):
    """Links to an Address, or none, into README and all notebooks."""
    readme = folder / "README.md"
    first = "notebooks/00_start_here.ipynb"
    readme.write_text(linked(readme.read_text("utf-8"), where.line(first) if where else ""), "utf-8")
    for path in sorted((folder / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        notebook = nbformat.read(path, as_version=4)
        file = path.relative_to(folder).as_posix()
        notebook.cells[0].source = linked(notebook.cells[0].source, where.line(file) if where else "")
        code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        code.source = WITH.format(where.web) if where else WITHOUT
        nbformat.write(notebook, path)


def main(words):
    if words not in ([], ["off"]):
        sys.exit(f"links takes nothing, or the word off: not {' '.join(words)}")
    try:
        where = None if words else address()
    except ValueError as error:
        sys.exit(f"Nothing changed: {error}.")
    if not words and not where:
        sys.exit("Nothing changed: this repository has no remote called origin. "
                 "`git remote add origin ADDRESS` names where others find it.")
    put(ROOT, where)
    print(f"Links to {where.web}" if where else "No links any more", "in README and the notebooks.")


if __name__ == "__main__":
    main(sys.argv[1:])
