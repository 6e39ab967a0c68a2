#!/usr/bin/env bash
# fastdl on a GPU, for a machine with one: builds both modules and then does what it was asked for.
# It installs nothing and asks no network; it needs nvcc, a C++ compiler, CMake, ninja, and a Python
# with NumPy, SciPy, scikit-learn, pybind11, Cython, pytest and, for the table, PyTorch.
#
#   benchmarks/cuda.sh                        build, the case table (--cases), the table (--table)
#   benchmarks/cuda.sh --cases [WORDS]        the case table on the card beside cpu:generic; WORDS, where this
#                                             part stands alone, go to pytest: -k conv2d
#   benchmarks/cuda.sh --table [WORDS]        beside PyTorch; WORDS go to `python -m peers --device cuda`,
#                                             such as --rows GRU, or --compile, which takes
#                                             a minute a net more: TABLE_SECONDS=600
#   benchmarks/cuda.sh --sanitize             a small program under memcheck, racecheck and initcheck
#
# PYTHON, BUILD (a folder), ARCH (CMake's word; the card's own by default), and the seconds that parts may
# take (BUILD_SECONDS, CASE_SECONDS, TABLE_SECONDS) may be set.
# Each part has a limit of time and prints what it has by then.
set -u
cd "$(dirname "$0")/.."
python=${PYTHON:-python3} build=${BUILD:-build/card} failed=0
site=$PWD/$build/site
parts=()
words=()
for word; do
  case $word in
    --cases | --table | --sanitize) parts+=("$word") ;;
    *) words+=("$word") ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(--cases --table)
of_cases=()
[ "${parts[*]}" != --cases ] || of_cases=(${words[@]+"${words[@]}"})

part() {  # NAME SECONDS COMMAND ...: within that time, and said how it ended
  local name=$1 limit=$2 start=$SECONDS
  shift 2
  printf '\n== %s\n' "$name"
  timeout -s INT -k 10 "$limit" "$@"
  local code=$?
  [ $code -eq 0 ] || failed=1
  [ $code -ne 124 ] || printf '%s s are over: the rest was left out\n' "$limit"
  printf '== %s: %s s, code %s\n' "$name" $((SECONDS - start)) $code
  return $code
}

configure() {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFASTDL_CUDA=ON -DFASTDL_ISAS=generic \
    -DCMAKE_CUDA_ARCHITECTURES="${ARCH:-native}" -DSKBUILD_PROJECT_VERSION=0.1.0 \
    -DPython_EXECUTABLE="$(command -v "$python")" -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)"
}
put_together() {  # the package and its modules in a folder of their own
  mkdir -p "$site" && cp -r python/fastdl "$site" && rm -f "$site"/fastdl/*.so "$site"/fastdl/*/*.so &&
    cmake --install "$build" --prefix "$site" >"$build/install.log"
}

mkdir -p "$build"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || echo "no nvidia-smi"
nvcc --version | tail -1
part "configure" 60 bash -c "$(declare -f configure); python='$python' build='$build'; configure" >"$build/configure.log" 2>&1 ||
  { tail -30 "$build/configure.log"; exit 1; }
part "build" "${BUILD_SECONDS:-240}" ninja -C "$build" --quiet -j "$(nproc)" || exit 1
put_together || exit 1
export PYTHONPATH=$site:$PWD/benchmarks PYTHONUNBUFFERED=1
part "machine" 60 "$python" -m fastdl || exit 1

for word in "${parts[@]}"; do
  case $word in
    --cases)
      # As many processes as wait for the CPU's side; the card serves them in turns.
      xdist=()
      "$python" -c "import xdist" 2>/dev/null && xdist=(-n 8)
      part "cases on the card" "${CASE_SECONDS:-60}" "$python" -m pytest -q -m cuda "${xdist[@]}" \
        ${of_cases[@]+"${of_cases[@]}"} -p no:cacheprovider -o minversion=7 -o filterwarnings= --no-header --no-showlocals --tb=line tests/core/test_on_a_gpu.py \
        tests/functional/test_functional_on_a_card.py
      ;;
    --table) part "table" "${TABLE_SECONDS:-120}" "$python" -m peers --device cuda ${words[@]+"${words[@]}"} ;;
    --sanitize)
      for tool in memcheck racecheck initcheck; do
        part "$tool" 120 compute-sanitizer --tool $tool --error-exitcode 9 --print-limit 20 "$python" -m peers.cuda.small
      done
      ;;
  esac
done
exit $failed
