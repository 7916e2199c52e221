#!/bin/sh
# The environment of OR-Tools, then the benchmark of delivery schedules with all its parts.
#
#     benchmarks/rivals/delivery.sh [FOLDER [OPTION...]]      the environment goes to FOLDER, by default .rivals
#
# PYTHON is the interpreter that has this package with the extra `delivery`; options are those of benchmarks.delivery.
set -eu

. "$(dirname "$0")/../../validation/rivals/environment.sh"

environment ortools_vrp "ortools==9.15.6755"

"$python" -m benchmarks.delivery --parts heuristic exact ortools --ortools "$folder/ortools_vrp" "$@"
