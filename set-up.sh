#!/bin/sh
# Called by make. Puts everything the notebooks need into .venv, or leaves at once if nothing changed since it last did.
#   set-up.sh          the notebooks, JupyterLab and the tests' tools
#   set-up.sh colab    also .venv/colab: the same with Colab's older widgets in front
# PYTHON names the Python to use; else the first of 3.10 to 3.13 that is found.
set -eu
cd "$(dirname "$0")"

# What .venv was made for: this folder, this Python, these files. A half-finished, moved or outdated one does not say so.
state() {
    echo "$PWD; $(.venv/bin/python --version 2>&1); $(cat pyproject.toml constraints.txt tests/colab.txt | cksum)"
}

another_asked_for() {
    [ "${PYTHON:-}" ] && [ "$("$PYTHON" --version 2>&1)" != "$(.venv/bin/python --version 2>&1)" ]
}

find_python() {
    for python in ${PYTHON:+"$PYTHON"} $([ "${PYTHON:-}" ] || echo python3 python3.13 python3.12 python3.11 python3.10 python); do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    echo "No Python 3.10 to 3.13 with venv found${PYTHON:+ at $PYTHON}." >&2
    echo "Install one (on Debian: apt-get install python3-venv), or name yours: make lab PYTHON=/path/to/python3.12" >&2
    return 1
}

if [ "$(cat .venv/ready 2>/dev/null)" != "$(state)" ] || another_asked_for; then
    python=$(find_python)
    echo "Setting up .venv with $("$python" --version): some minutes, and about 6 GB on Linux."
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/python -m pip install --constraint constraints.txt --editable '.[lab,test]'
    state > .venv/ready
fi

if [ "${1:-}" = colab ] && ! [ -e .venv/colab/ready ]; then
    rm -rf .venv/colab
    .venv/bin/python -m venv --without-pip .venv/colab
    .venv/bin/python -m pip --python .venv/colab/bin/python install --quiet --no-deps --requirement tests/colab.txt
    .venv/bin/python -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' \
        > "$(.venv/colab/bin/python -c 'import site; print(site.getsitepackages()[0])')/after.pth"
    touch .venv/colab/ready
fi
