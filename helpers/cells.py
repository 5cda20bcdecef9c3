"""What a cell shows replaces what it showed when it ran before."""
from IPython import get_ipython

shown = []                                # (cell, its run, thing)


def replace(thing, place=None):
    """Close what this cell showed when it ran before, and keep thing (anything with a close()) to be closed in its turn.

    Open widgets stay in memory, and what they started goes on unseen. place: what stands for the cell where the front end
    does not tell it (Colab, plain Python); without one nothing is kept there and nothing closed.
    """
    parent = getattr(get_ipython(), "get_parent", dict)()
    cell, run = parent.get("metadata", {}).get("cellId") or place, parent.get("header", {}).get("msg_id")
    if not cell: return
    for old in [old for old in shown if old[0] == cell and old[1] != run]:
        shown.remove(old)
        old[2].close()
    shown.append((cell, run, thing))
