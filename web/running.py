"""Cells of a notebook executed in this process, without a kernel."""
import contextlib
import io
import linecache
import os


class Nowhere:
    """A page that shows nothing, so that only what is measured takes time."""

    def lab(self, lab, place=None): pass
    def still(self, picture): pass
    def question(self, question): pass
    def hints(self, folds): pass


def execute(cells, path, printed):
    """Run these code cells of the notebook at path, in its folder, which stays the one to be in; what each
    prints is appended to `printed`, as a StringIO. Raises what a cell raises that is not there to do so."""
    os.chdir(path.parent)
    names = {"__name__": "__main__"}
    for i, cell in enumerate(cells):
        name, meant = f"<{path.stem}, code cell {i}>", "raises-exception" in cell.metadata.get("tags", [])
        linecache.cache[name] = len(cell.source), None, cell.source.splitlines(True), name    # for tracebacks
        printed.append(io.StringIO())
        with contextlib.suppress(*[Exception] * meant), contextlib.redirect_stdout(printed[-1]):
            exec(compile(cell.source, name, "exec"), names)
