#!/bin/sh
# Environments of the rivals in benchmarks/search.py, then that benchmark.
#
#     benchmarks/rivals/search.sh [FOLDER [OPTION...]]   environments go to FOLDER, by default .rivals
#
# PYTHON is the interpreter that has this package; options are those of the benchmark, as in: search.sh .rivals --quick
set -eu

. "$(dirname "$0")/../../validation/rivals/environment.sh"

# Each is where benchmarks.rivals.NAME_search runs.
environment cma "cma==4.5.0"
environment simopt "simoptlib==1.2.4"

"$python" -m benchmarks.search --rivals "$folder" "$@"
