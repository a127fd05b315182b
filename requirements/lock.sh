#!/bin/sh
# Compile requirements/*.txt from pyproject.toml: every version with its hashes, for every platform, no index named.
set -eu

uv=$(command -v uv || echo .venv/bin/uv)
compile() {
    output=$1
    shift
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" --output-file "requirements/$output.txt" "$@"
    echo "  requirements/$output.txt: $(grep -c '==' "requirements/$output.txt") packages"
}

compile run pyproject.toml
compile build --group pyproject.toml:build --constraints requirements/run.txt
compile dev --group pyproject.toml:dev --constraints requirements/run.txt --constraints requirements/build.txt
