#include "core/backend.hpp"

#include <cstdlib>
#include <mutex>

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

namespace {

std::mutex adding;
std::vector<const Backend*>& added() {
  static std::vector<const Backend*> list;
  return list;
}

}  // namespace

void add_backend(const Backend& backend) {
  const std::lock_guard lock(adding);
  for (const Backend*& known : added())
    if (std::string(known->name) == backend.name) return void(known = &backend);
  added().push_back(&backend);
}

const Backend& find_backend(const std::string& asked) {
  if (!asked.empty()) {
    const std::lock_guard lock(adding);
    for (const Backend* backend : added())
      if (asked == backend->name) return *backend;
  }
  std::string name = asked;
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
