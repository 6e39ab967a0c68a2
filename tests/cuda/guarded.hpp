// A backend whose values only its kernels and its own copies can touch: a host that reads or writes one ends with
// SIGSEGV, as it would beside a device.
#pragma once

#include "kernels/kernels.hpp"

namespace fastdl::guarded {

// "cpu:guarded", with the kernels of a backend of the CPU: one for the process.
const Backend* guard(const Backend& real);

const void* some_block();  // where some values lie, or null

}  // namespace fastdl::guarded
