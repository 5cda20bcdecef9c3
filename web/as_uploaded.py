"""A notebook run as it is where it was uploaded: python as_uploaded.py NOTEBOOK, in an empty folder.

Prints where its helpers lie and ends with 1 where a cell fails. Needs IPython and nbformat alone.
"""
import sys

import nbformat
from IPython.core.interactiveshell import InteractiveShell


def main(path):
    shell = InteractiveShell.instance()
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for k, cell in enumerate(cells):
        done = shell.run_cell(cell.source, store_history=True)
        if not done.success and "raises-exception" not in cell.metadata.get("tags", []):
            return f"code cell {k} fails"
    print("helpers from", sys.modules["helpers"].__file__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
