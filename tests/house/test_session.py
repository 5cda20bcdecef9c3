"""The report of notebook 00 says what there is, and no path."""
import torch

from helpers import session


def test_it_names_versions_device_and_data(capsys):
    session.report()
    lines = capsys.readouterr().out.splitlines()
    assert torch.__version__.split("+")[0] in lines[0]
    assert lines[1].startswith("device: CPU, ") and "thread" in lines[1]
    assert lines[2] == "digits: 4,000 to train, 1,000 to test (embedded)"
    assert len(lines) == 4


def test_it_says_where_the_digits_come_from_but_not_the_path(capsys, monkeypatch):
    folder = str(session.data.embedded())
    monkeypatch.setenv("HELPERS_DATA", folder)
    session.report()
    text = capsys.readouterr().out
    assert "(from HELPERS_DATA)" in text and folder not in text
