#!/bin/sh
# Creates .venv with the package and its development tools; does nothing when it is current.
# The stamp is removed first and written last: an interrupted run leaves no stamp and the next run starts anew.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/quantmill-setup
state=$(pwd && cksum pyproject.toml constraints.txt)

update=no
if [ -f "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then
    if [ "$(cat "$stamp")" = "$state" ]; then exit 0; fi
    # An environment made in another folder points there: it is made anew.
    if [ "$(head -n 1 "$stamp")" = "$(pwd)" ]; then update=yes; fi
fi

candidates=${PYTHON:-python3 python3.13 python3.12 python3.11 python}

find_python() {
    for candidate in $candidates; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

found_pythons() {
    for candidate in $candidates; do
        version=$("$candidate" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null) || version="not found"
        printf '%s: %s; ' "$candidate" "$version"
    done
}

if [ "$update" = yes ]; then
    echo "setup: pyproject.toml or constraints.txt changed, updating .venv"
    rm -f "$stamp"
else
    if ! python=$(find_python); then
        echo "setup: Python 3.11 or newer is needed. Found: $(found_pythons)" >&2
        echo "setup: install one, or name it: make setup PYTHON=/path/to/python3.11" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "setup: $("$python" --version) has no venv module; on Debian or Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    echo "setup: creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

echo "setup: installing the package and its development tools (about a minute)"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input -c constraints.txt -e '.[dev,postgres,s3,export]'
printf '%s\n' "$state" >"$stamp"
echo "setup: done"
