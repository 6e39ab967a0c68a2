// Finds cuBLASLt: one that the process has loaded already (of the nvidia-cublas wheel), or the system's. tests/cuda has
// a file of the same name, with a plain reference in the library's place.
#pragma once

#include <dlfcn.h>

#include <type_traits>

#include <launch.hpp>

#include "kernels/cuda/cublaslt.hpp"

namespace fastdl::FASTDL_ISA::cublaslt {

constexpr std::int64_t least_products = std::int64_t(1) << 26;  // of m n k, from which on it is used
constexpr int least_side = 32;

inline const Library* load() {  // null where it is not there
  void* file = nullptr;
  for (const char* name : {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"})
    if (!file) file = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (!file) return nullptr;
  static Library library;
  bool all = true;
  each_function(library, [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(file, name));
    all = all && function;
  });
  return all ? &library : nullptr;
}

}  // namespace fastdl::FASTDL_ISA::cublaslt
