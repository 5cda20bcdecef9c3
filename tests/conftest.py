"""For all tests."""
import pytest

FIRST = "test_jupyterlab.py", "test_colab.py"                       # together as long as these:
SECOND = "test_processes.py", "test_labs.py", "test_moving_pages.py", "test_warm.py"


def pytest_collection_modifyitems(items):
    """What takes seconds comes first in each half: of two processes each begins with one half, and at the end
    they share what is short."""
    first, second = ([item for item in items if item.path.name in names] for names in (FIRST, SECOND))
    rest = [item for item in items if item.path.name not in FIRST + SECOND]
    middle = max(0, len(items) // 2 - len(first))
    items[:] = [*first, *rest[:middle], *second, *rest[middle:]]
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
