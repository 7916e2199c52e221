#!/bin/sh
# Rival simulators on the textbook instances, each in an environment of its own; then our answers beside theirs.
#
#     validation/rivals/run.sh [FOLDER]      environments and raw output go to FOLDER, by default .rivals
#
# PYTHON is the interpreter that has this package, PERIODS the measured periods of one replication of the rivals (by
# default 1000: about 4 minutes on two quiet cores), OUT the file of all results.
set -eu

. "$(dirname "$0")/../../validation/rivals/environment.sh"
out=${OUT:-$root/validation/results/rivals_cpu.json}

"$python" -m validation.rivals.export "$folder/cases.json"

# run_rival NAME REQUIREMENT...: an environment with the requirements, and the output of validation.rivals.NAME_cases.
run_rival() {
    environment "$@"
    echo "$name" >&2
    # One thread each, so that speeds are those of one core.
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$folder/$name/bin/python" -m "validation.rivals.${name}_cases" \
        "$folder/cases.json" ${PERIODS:+--periods "$PERIODS"} >"$folder/$name.json"
}

run_rival stockpyl "stockpyl==1.0.2" "numpy<2"
run_rival gym_invmgmt "gym-invmgmt==0.2.1"
run_rival deepbullwhip "deepbullwhip==0.4.1"

"$python" -m validation.rivals.compare --out "$out" \
    --rivals "$folder/stockpyl.json" "$folder/gym_invmgmt.json" "$folder/deepbullwhip.json"
