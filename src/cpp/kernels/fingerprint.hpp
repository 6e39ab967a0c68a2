// What a table of kernels looks like in memory, as a number made when a module is compiled: a module that was built
// from other headers has another one, and its backends are refused where they come in instead of crashing where they
// are called. It sees rows by name and order, the types of their arguments and the sizes of what those point to.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernels/rows.hpp"

namespace fastdl {

// FNV-1a.
struct Fingerprint {
  std::uint64_t value = 0xcbf29ce484222325;

  constexpr void add(std::uint64_t number) {
    for (int byte = 0; byte < 8; byte++) value = (value ^ (number >> 8 * byte & 0xff)) * 0x100000001b3;
  }
  constexpr void add(std::string_view name) {
    for (char letter : name) add(std::uint64_t(letter));
  }
  template <class A>
  constexpr void add_type() {
    using Value = std::remove_pointer_t<std::remove_reference_t<A>>;
    add(std::is_reference_v<A> + 2 * std::is_pointer_v<A> + 4 * std::is_const_v<Value> +
        8 * std::is_floating_point_v<Value>);
    if constexpr (!std::is_void_v<Value>) add(sizeof(Value));
  }
  template <class R, class... A>
  constexpr void add_row(std::string_view name, std::type_identity<R (*)(A...)>) {
    add(name);
    add_type<R>();
    (add_type<A>(), ...);
  }
};

constexpr std::uint64_t table_fingerprint = [] {
  Fingerprint of;
  of.add(sizeof(Backend));
  of.add(sizeof(Device));
  of.add(sizeof(Kernels<float>));
#define FASTDL_ROW(family, row) \
  of.add_row(#family "." #row, std::type_identity<decltype(std::declval<Kernels<float>&>().family.row)>());
#include "kernels/rows.inc"
  return of.value;
}();

// Capsules that hold a backend are named by it: "fastdl.backend 3296144013459748725".
constexpr std::string_view backend_word = "fastdl.backend";
inline const char* capsule_name() {
  static const std::string name = std::string(backend_word) + " " + std::to_string(table_fingerprint);
  return name.c_str();
}

// Why a capsule of this name is not taken, before anybody looks into it; "" where it is.
inline std::string refusal(const std::string& name) {
  if (name == capsule_name()) return "";
  const std::string seen = name.size() > backend_word.size() ? name.substr(backend_word.size() + 1) : "none";
  return "The module of this backend was built from other sources than fastdl: the fingerprint of its kernel table "
         "is " +
         seen + ", expected " + std::to_string(table_fingerprint) +
         ". Build it again (make build; for GPUs make cuda).";
}

}  // namespace fastdl
