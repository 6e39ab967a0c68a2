// All families of rows, and which rows a table lacks.
#pragma once

#include <string>
#include <vector>

#include "kernels/attention.hpp"
#include "kernels/columns.hpp"
#include "kernels/conv1d.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/dense.hpp"
#include "kernels/kernels.hpp"
#include "kernels/layout.hpp"
#include "kernels/memory.hpp"
#include "kernels/norm.hpp"
#include "kernels/penalty.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/pool2d.hpp"
#include "kernels/rbm.hpp"
#include "kernels/sequence.hpp"
#include "kernels/training.hpp"
#include "kernels/words.hpp"

namespace fastdl {

enum class Row {
#define FASTDL_ROW(family, row) family##_##row,
#include "kernels/rows.inc"
  count
};
constexpr std::size_t pointers_of_families = 0
#define FASTDL_FAMILY(Rows, family) +sizeof(Rows<float>) / sizeof(void (*)())
#include "kernels/rows.inc"
    ;
static_assert(std::size_t(Row::count) == pointers_of_families, "kernels/rows.inc lists every row of every family");

// "attention.decoder_step" ...
template <class T>
std::vector<std::string> absent_rows(const Kernels<T>& kernels) {
  std::vector<std::string> absent;
#define FASTDL_ROW(family, row) \
  if (!kernels.family.row) absent.push_back(#family "." #row);
#include "kernels/rows.inc"
  return absent;
}

}  // namespace fastdl
