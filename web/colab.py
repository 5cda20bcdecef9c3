"""Each notebook as one file, with helpers and digits inside: it runs by upload, without a network.

    python3 run.py colab [05 ...]           # into _colab/
    python3 run.py colab 05 -- --run        # and executed, on Colab's versions
"""
import base64
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "_colab"
INSIDE = {"helpers": "helpers", "data/MNIST/raw": "helpers/_embedded/MNIST/raw",
          "tests/truth.json": "helpers/_embedded/truth.json"}
UNPACK = """\
#@title Run this first: it unpacks the helpers and the digits {{ display-mode: "form" }}
import base64, io, os, sys, tarfile, tempfile

packed = "{}"
folder = tempfile.mkdtemp()
with tarfile.open(fileobj=io.BytesIO(base64.b85decode(packed))) as files:
    files.extractall(folder)
sys.path.insert(0, folder)
os.environ["PYTHONPATH"] = folder                     # for processes of their own"""


def packed():
    """helpers and digits as text, the same bytes each time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz", preset=9) as files:
        for source, place in INSIDE.items():
            for path in sorted([ROOT / source, *(ROOT / source).rglob("*")]):
                if path.is_file() and path.suffix != ".pyc":
                    name = Path(place, path.relative_to(ROOT / source)).as_posix()
                    entry = tarfile.TarInfo(name)
                    entry.size = path.stat().st_size
                    with path.open("rb") as file:
                        files.addfile(entry, file)
    return base64.b85encode(out.getvalue()).decode()


def whole(notebook, text):
    """The notebook without outputs, behind a cell that unpacks what it needs."""
    first = nbformat.v4.new_code_cell(UNPACK.format(text), id="unpack")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(1, first)
    return notebook


def run(path, python):
    """What goes wrong when a written file runs with this python, in an empty folder: "" if nothing."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([python, ROOT / "web/as_uploaded.py", path], cwd=empty, env=clean,
                              capture_output=True, text=True)
    inside = f"helpers from {ROOT}" not in done.stdout
    return "" if inside and not done.returncode else done.stdout[-2000:] + done.stderr[-2000:]


def main(names, python=None):
    """python: of Colab's versions, to execute each file with as well. 1 where one fails."""
    text, failed = packed(), 0
    for path in [ROOT / name for name in names] or sorted((ROOT / "notebooks").rglob("*.ipynb")):
        inner = path.resolve().relative_to(ROOT / "notebooks")
        out = OUT / inner.as_posix().replace("/", "_")        # deeper_05_...: one folder to upload from
        OUT.mkdir(exist_ok=True)
        nbformat.write(whole(nbformat.read(path, as_version=4), text), out)
        print(f"{OUT.name}/{out.name}: {out.stat().st_size / 1e6:.2f} MB", flush=True)
        if python and (said := run(out, python)):
            failed = 1
            print("  it does not run on Colab's versions:", said, sep="\n", flush=True)
    return failed


if __name__ == "__main__":
    asked = [name for name in sys.argv[1:] if name != "--run"]
    colab = ROOT / ".venv/colab" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    sys.exit(main(asked, colab if "--run" in sys.argv else None))
