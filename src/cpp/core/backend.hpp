// The backends in this build, best first; cpu:generic is the last and always there.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace fastdl {

const std::vector<const Backend*>& backends();

// One that lies in another module, for as long as the process lasts.
void add_backend(const Backend& backend);

// By name; "" means FASTDL_BACKEND or the best of this build that this machine runs. Raises where there is none.
const Backend& find_backend(const std::string& name);

}  // namespace fastdl
