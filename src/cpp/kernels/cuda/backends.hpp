// The backends of a machine's CUDA devices, for the module that hands them to the core.
#pragma once

#include "kernels/kernels.hpp"

namespace fastdl::FASTDL_ISA {

constexpr int most_devices = 8;
extern const char* const names[most_devices];  // of the backends: in the module's file

const Backend* backend(int number);  // below most_devices; whether it is there says Backend::available

void* blas_handle(int number);  // of cuBLASLt on a device, or null where the library is not there (blas.cu)

}  // namespace fastdl::FASTDL_ISA
