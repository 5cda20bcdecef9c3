"""One module a notebook: its questions, goals, exercises, hints and solutions."""
