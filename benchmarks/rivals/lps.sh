#!/bin/sh
# Environments of the rivals in benchmarks/buying_lp.py, then that benchmark.
#
#     benchmarks/rivals/lps.sh [FOLDER [OPTION...]]      environments go to FOLDER, by default .rivals
#
# PYTHON is the interpreter that has this package; options are those of the benchmark, as in: lps.sh .rivals --quick
set -eu

. "$(dirname "$0")/../../validation/rivals/environment.sh"

# Each is where benchmarks.rivals.NAME_lps runs.
environment ortools "ortools==9.15.6755"
environment mpax "mpax==0.2.4" "jax==0.10.2" "jaxlib==0.10.2" "scipy==1.17.1"

"$python" -m benchmarks.buying_lp --rivals "$folder" "$@"
