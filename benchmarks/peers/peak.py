"""The machine's peaks: fused multiply-adds, compiled here for this processor, and copies."""

import ctypes
import math
import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

SOURCE = r"""
#include <chrono>
#if defined(__AVX512F__)
typedef float Vec __attribute__((vector_size(64)));
#elif defined(__AVX__)
typedef float Vec __attribute__((vector_size(32)));
#else
typedef float Vec __attribute__((vector_size(16)));
#endif

static float chains(long n, float b, float c) {
  Vec a[12];
  for (int i = 0; i < 12; i++) a[i] = Vec{} + b * i;  // all different, or the compiler keeps one
  for (long k = 0; k < n; k++)
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) a[i] = a[i] * b + c;
  float sum = 0;
  for (const Vec& v : a) sum += v[0];
  return sum;
}

extern "C" double gflops(int threads, long n) {
  volatile float sink = 0, b = 0.999f, c = 0.001f;
  auto start = std::chrono::steady_clock::now();
#pragma omp parallel num_threads(threads)
  sink = chains(n, b, c);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return 12.0 * 2 * sizeof(Vec) / sizeof(float) * n * threads / seconds / 1e9;
}
"""


def measure_bandwidth(threads: int) -> float:
    """GB/s of memory read and written by this many threads, the best of five copies of 256 MB."""
    sources = np.array_split(np.ones(1 << 25), threads)
    targets = [np.zeros_like(part) for part in sources]
    best = math.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(np.copyto, targets, sources))
            best = min(best, time.perf_counter() - start)
    return 2 * sum(part.nbytes for part in sources) / best / 1e9


def measure_peak(threads: int) -> float:
    """float32 GFLOP/s of this many threads, the best of five runs."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or "g++"
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "peak.cpp"), Path(folder, "peak.so")
        source.write_text(SOURCE)
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-fopenmp", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
        gflops = ctypes.CDLL(str(library)).gflops
    gflops.restype, gflops.argtypes = ctypes.c_double, [ctypes.c_int, ctypes.c_long]
    return max(gflops(threads, 20_000_000) for _ in range(5))
