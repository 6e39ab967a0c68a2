#include "core/backend.hpp"

#include <cstdlib>

#include "core/check.hpp"

namespace fastdl {

#define FASTDL_BACKEND(isa) extern const Backend backend_##isa;
#include "backend_list.inc"
#undef FASTDL_BACKEND

const std::vector<const Backend*>& backends() {
  static const std::vector<const Backend*> list = {
#define FASTDL_BACKEND(isa) &backend_##isa,
#include "backend_list.inc"
#undef FASTDL_BACKEND
  };
  return list;
}

const Backend& find_backend(std::string name) {
  std::string source = "backend";
  const char* forced = std::getenv("FASTDL_BACKEND");
  if (name.empty() && forced && *forced) name = forced, source = "FASTDL_BACKEND";
  std::string usable;
  for (const Backend* backend : backends()) {
    if (!backend->available()) continue;
    if (name.empty() || name == backend->name) return *backend;
    usable += (usable.empty() ? "" : ", ") + std::string(backend->name);
  }
  throw Error(source + "='" + name + "' is not available here. Usable on this machine: " + usable + ".");
}

}  // namespace fastdl
