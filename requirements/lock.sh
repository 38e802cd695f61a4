#!/bin/sh
# Writes the five lock files from pyproject.toml: one resolution for every platform and Python that it admits,
# with hashes and without index addresses. test.txt is solved first; the smaller sets are held to its versions.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}
note="make lock"
compile() {
    out=$1; shift
    "$uv" pip compile pyproject.toml --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
        --custom-compile-command "$note" --output-file "requirements/$out.txt" "$@"
}
compile test --all-extras "$@"
compile train --extra train --constraint requirements/test.txt
compile monitor --extra monitor --constraint requirements/test.txt
compile granian --extra granian --constraint requirements/test.txt
compile serve --constraint requirements/test.txt
