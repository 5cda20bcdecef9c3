"""How often each claim of the notebooks holds, at draws on which no limit was tuned: tests/truth.json.

    python3 run.py truth 05 deeper/05_train_eval ...

Each notebook runs at twenty bases, HELPERS_SEED=1001 to 1020, then twice with the embedded digits split anew
into those to train and those to test, and twice more with the digits in HELPERS_DATA if that is set. What
was run before is kept in .truth/ and not run again, until the notebook's code or what its numbers come from
changes. Two processes; no kernel, no pictures.

truth.json: {notebook: {sentence: [times it held, of so many bases, times with other digits, of so many]}}.
"""
import functools
import hashlib
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import nbformat
import torch

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
from notebooks.cells import CORE, DEEPER, FOLDER, code_cells, label                         # noqa: E402
from notebooks.inside import Nowhere, execute                                               # noqa: E402

from helpers import pages                                                                   # noqa: E402

ROOT = FOLDER.parent
LEDGER = ROOT / "tests/truth.json"
KEPT = ROOT / ".truth"
BASES = range(1001, 1021)
SPLITS = 2
