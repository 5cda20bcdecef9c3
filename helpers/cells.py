"""What a cell shows replaces what it showed when it ran before."""
from IPython import get_ipython

shown = []                                # (cell, its run, thing)


def replace(thing):
    """Close what this cell showed when it ran before, and keep thing (anything with a close()) to be closed in its turn.

    Open widgets stay in memory, and what they started goes on unseen. Where the front end does not tell the cell (Colab,
    plain Python) nothing is kept and nothing closed.
    """
    parent = getattr(get_ipython(), "get_parent", dict)()
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")
    if not cell: return
    for old in [old for old in shown if old[0] == cell and old[1] != run]:
        shown.remove(old)
        old[2].close()
    shown.append((cell, run, thing))
