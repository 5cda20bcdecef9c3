"""Executes notebooks in place and stores what a reader without a kernel sees: text and pictures.

    python3 run.py notebooks 01_input_normalization ...

A notebook whose outputs break a rule is left as it was. The same rules are tests (test_notebooks.py).
"""
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

CELL_SECONDS = 120
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
ABSOLUTE = re.compile(r"(?<![\w/:.])/(?:home|root|tmp|usr|opt|var|mnt|work|content|Users|private)/[\w.]"
                      r"|\b[A-Z]:\\\w")
TIMING = re.compile(r"\b(?:Wall time|CPU times)\b|\d ?(?:it/s|s/it)\b|\b\d[\d.]* ?(?:seconds?|ms|µs|ns)\b")


def execute(path):
    """The notebook with fresh outputs, and the seconds it took: (by the clock, of the processor)."""
    os.environ["RECORD"] = "1"                      # the kernel inherits it: pictures in place of widgets
    notebook = nbformat.read(path, as_version=4)
    start, used = time.monotonic(), kernels_used()
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", store_widget_state=False,
                   record_timing=False, coalesce_streams=True,  # else a cell's text comes in pieces
                   resources={"metadata": {"path": str(Path(path).parent)}}).execute()
    return normalized(notebook), (time.monotonic() - start, kernels_used() - used)


def kernels_used():
    """Processor seconds of all kernels this process has run to their end; unlike the clock it minds little
    what else the machine does."""
    times = os.times()
    return times.children_user + times.children_system


def normalized(notebook):
    """Without what differs from one machine or editor to the next; of a cell's metadata the tags stay."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    return notebook


def faults(notebook):
    """What the stored outputs hold that they should not, in words."""
    return [f"cell {i}: {fault}" for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"
            for output in cell.outputs
            for fault in of_output(output, meant="raises-exception" in cell.metadata.get("tags", []))]


def of_output(output, meant=False):
    """Faults of one output. meant: the cell is there to show an error."""
    data = output.get("data", {})
    texts = [str(value) for kind, value in data.items() if kind.startswith("text/")]
    shown = "\n".join([output.get("text", ""), output.get("evalue", ""), *texts])
    if output.get("name") == "stderr":
        yield f"stderr: {shown[:80]!r}"
    if output.output_type == "error" and not meant:
        yield f"error: {output.ename}: {output.evalue}"
    if any("widget" in kind for kind in data):
        yield "a widget, which nobody can see without its kernel"
    for kind in data:
        if kind.startswith("image/") and not output.metadata.get(kind, {}).get("alt"):
            yield "a picture without alt text"
    if any(not re.search(r'\balt="[^"]', tag) for tag in re.findall(r"<img\b[^>]*>", shown)):
        yield "an <img> without alt text"
    if found := ABSOLUTE.search(shown):
        yield f"an absolute path: {shown[found.start():][:60]!r}"
    if found := TIMING.search(shown):
        yield f"a timing, which differs at every run: {found.group()!r}"


def record(path):
    """Execute one and store it; returns whether it keeps the rules."""
    try:
        notebook, seconds = execute(path)
    except (CellExecutionError, CellTimeoutError) as error:
        print(f"{path}: {error}", flush=True)
        return False
    found = faults(notebook)
    print(f"{path}: {seconds[0]:.1f} s, {seconds[1]:.1f} s of the processor", *found, sep="\n  ", flush=True)
    if not found:
        nbformat.write(notebook, path)
    return not found


if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=2) as pool:
        sys.exit(not all(list(pool.map(record, sys.argv[1:]))))
