#!/bin/sh
# Make .venv hold one of the locked sets: install.sh serve|granian|monitor|train|test [PYTHON]. Each set includes serve,
# train includes monitor, and test all others. A set that is there stays, because all have the same versions.
#
# A copy of a set's lock in .venv says that the set is there. The copies are removed before anything is changed and
# written at the end, so a .venv without them is half-made, and is made anew.
set -eu
cd "$(dirname "$0")/.."
has() { [ -x .venv/bin/python ] && cmp -s "requirements/$1.txt" ".venv/$1.txt"; }
fits() { "$1" -c "import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>/dev/null; }
sets() {
    case $1 in
        train) echo serve monitor train ;;
        test) echo serve granian monitor train test ;;
        *) echo serve "$1" ;;
    esac
}
lock() { "$python" -c "import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.$1)" 2>/dev/null; }
has "$1" && exit 0

python=.venv/bin/python
if ! has serve; then
    for python in "${2:-python3}" python3.13 python3.12 python3.11 ""; do fits "$python" && break; done
    if [ -z "$python" ]; then
        version=$("${2:-python3}" -V 2>&1) || version=missing
        echo "Python 3.11 to 3.13 with venv is needed, and ${2:-python3} is $version: install one (on Debian and Ubuntu" \
            "with python3-venv), or name it: make PYTHON=/path/to/python3.13" >&2
        exit 1
    fi
fi

# One at a time. The children inherit the lock: if this shell is killed, the next one waits until they have ended.
exec 9<requirements
lock LOCK_NB || { echo "Another installation is running: waiting for it to end."; lock LOCK_EX; }
has "$1" && exit 0

echo "Installing the $1 set into .venv (serve: 0.15 GB, granian: 0.17 GB, monitor: 0.4 GB, train: 1.9 GB, test: 2.3 GB)."
there=
if has serve; then
    there=$(for set in granian monitor train test; do ! has "$set" || echo "$set"; done)
    rm -f .venv/serve.txt .venv/granian.txt .venv/monitor.txt .venv/train.txt .venv/test.txt
else
    "$python" -I -m venv --clear --without-pip .venv
    .venv/bin/python -I -m ensurepip --default-pip >/dev/null # apart from venv, which would hide its words
fi
# No build from source, so no compiler is needed. Bytecode is written at the first import, for what is used.
.venv/bin/python -I -m pip install --quiet --no-input --disable-pip-version-check --no-compile \
    --require-hashes --no-deps --only-binary :all: -r "requirements/$1.txt"
for set in $there $(sets "$1"); do
    cp "requirements/$set.txt" .venv/
done
