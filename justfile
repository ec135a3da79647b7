# One place for every task. `just` alone lists them. On a fresh machine (Python >= 3.11 and pip):
#   python3 -m venv .venv && .venv/bin/pip install uv rust-just && .venv/bin/just demo

set positional-arguments

# the environment's programs, also when it was never activated
export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# what the environment was made from; when none of it changed, `setup` has nothing to do
locked := sha256_file("requirements.lock")
project := sha256(sha256_file("pyproject.toml") + justfile_directory())

english := "Show the top 5 provinces by average founding capital of cooperatives"
indonesian := "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"

[private]
@default:
    just --list --unsorted

# make .venv what requirements.lock says, with the project itself in it; does nothing when it is so already
setup:
    #!/usr/bin/env bash
    set -euo pipefail
    was="$(cat .venv/made-from 2>/dev/null || true)"
    if [ "$was" = "{{ locked }} {{ project }}" ]; then exit 0; fi
    if [ ! -x .venv/bin/python ]; then python3 -m venv .venv; fi
    .venv/bin/python -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit(f"KAI Flow needs Python 3.11 or newer, .venv has {v}: remove .venv and make it with a newer one")'
    # by path: an activated other environment or a uv elsewhere on the machine has no say
    if [ ! -x .venv/bin/uv ]; then .venv/bin/python -m pip install --quiet uv; fi
    export VIRTUAL_ENV="$PWD/.venv"
    # a sync takes the project itself out for a moment: only when the lock is another
    if [ "${was% *}" != "{{ locked }}" ]; then .venv/bin/uv pip sync --quiet --require-hashes requirements.lock; fi
    .venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
    printf '%s\n' "{{ locked }} {{ project }}" > .venv/made-from

# on an embedded server, whichever Temporal the shell has set
# install everything, then ask the demo database in English and in Indonesian and watch the answers come
demo: setup
    export TEMPORAL_ADDRESS=127.0.0.1:0; kai ask "{{ english }}" && kai ask "{{ indonesian }}"

# install everything, then run the tests in lanes side by side; arguments go to one pytest. CI=true: leaving any out is a failure
test *args: setup
    python -m tests.lanes "$@"

# explore sessions in virtual time: [--schedules 10000] [--seed N] [--mutant NAME]
simulate *args: setup
    python -m tests.simulation "$@"

# kill each program of a real stack and break each link, in rounds: [--rounds 3] [--seed N] [--chats 3] [--choirs 1]
chaos *args: setup
    python -m tests.chaos "$@"

# send mutations of valid inputs to all that reads bytes of a stranger: [--seconds 60] [--seed N]
fuzz *args: setup
    python -m tests.fuzz "$@"

# KAI Flow beside other ways to stream: [WORKLOAD ...] [--quick] [--json FILE] [--compare FILE]; never a failure
bench *args: setup
    python -m tests.bench "$@"

# how long the analyst takes to read questions over 100 tables: figures, never a failure
bench-reading: setup
    python -m tests.bench.reading

# ask the analyst every question of the evaluation: [--schema S] [--kind K] [--language L] [--failures] [--json FILE]
eval *args: setup
    python -m tests.evals "$@"

# ruff's rules and format, and the direction of imports
lint: setup
    ruff check .
    ruff format --check .
    lint-imports

# mypy, strict
types: setup
    mypy

# only the tests of the documentation: its commands, outputs and links
docs: setup
    python -m pytest tests/docs

# format the code and mend what ruff can mend
fmt: setup
    ruff check --fix .
    ruff format .

# everything .ci/run does but for installing system packages, quick checks first; the tests of the docs are among the tests
ci: lint types test

# resolve requirements.lock anew: pins with hashes, for every system and Python, and no registry host in it
lock *args: setup
    #!/usr/bin/env bash
    set -euo pipefail
    # uv reads no dependency groups from a project marked `managed = false`: it gets a copy without that mark
    copy="$(mktemp -d)"
    trap 'rm -rf "$copy"' EXIT
    grep -v '^managed = ' pyproject.toml > "$copy/pyproject.toml"
    uv pip compile --quiet --universal --python-version 3.11 --all-extras --group "$copy/pyproject.toml:dev" \
        --generate-hashes --no-annotate --no-header "$@" --output-file requirements.lock "$copy/pyproject.toml"
    if grep -nE '://|^-' requirements.lock; then
        echo "requirements.lock must name no host, no path and no option: see the lines above" >&2
        exit 1
    fi
