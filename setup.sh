#!/usr/bin/env bash
# Set up everything that `make demo` and `make test` need: bash setup.sh VENV
set -euo pipefail
venv=$1
python=${PYTHON:-python3}

say() { echo "setup: $*" >&2; }

have_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt() {
    say "installing the system package $1"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >/dev/null
}

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    say "Python 3.11 to 3.13 is needed and '$python' is not one; install it, or name it: make PYTHON=python3.12"
    exit 1
fi

if ! command -v bedtools >/dev/null; then
    if have_apt; then
        apt bedtools
    else
        say "the program bedtools is missing; install it with 'sudo apt-get install bedtools' or 'conda install -c bioconda bedtools'"
        exit 1
    fi
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if have_apt; then
        apt "$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')"
    else
        say "Python's venv module is missing; install it with 'sudo apt-get install python3-venv'"
        exit 1
    fi
fi

say "installing the exact versions of requirements.lock into $venv (3.1 GB, a minute or two)"
"$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet --quiet)
"${pip[@]}" install --require-hashes -r requirements.lock
"${pip[@]}" install --no-deps --no-build-isolation --editable .
touch "$venv/.ready"
say "done"
