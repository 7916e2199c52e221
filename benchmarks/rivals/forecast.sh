#!/bin/sh
# The environment of GluonTS with PyTorch for CPUs, then the benchmark of forecasts with DeepAR beside the other methods.
#
#     benchmarks/rivals/forecast.sh [FOLDER [OPTION...]]      the environment goes to FOLDER, by default .rivals
#
# PYTHON is the interpreter that has this package with the extra `forecast`; options are those of benchmarks.forecast.
# Where pip finds a build of PyTorch for CPUs is for its configuration to say (PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS).
set -eu

. "$(dirname "$0")/../../validation/rivals/environment.sh"

environment gluonts_deepar "torch==${TORCH:-2.13.0+cpu}" "gluonts[torch]==0.16.2"

"$python" -m benchmarks.forecast --gluonts "$folder/gluonts_deepar/bin/python" "$@"
