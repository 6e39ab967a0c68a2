// What Team::queue points to: a stream, and what its kernels work in besides their arguments.
#pragma once

#include <launch.hpp>
#include "core/team.hpp"
#include "kernels/kernels.hpp"

namespace fastdl::FASTDL_ISA {

constexpr std::size_t workspace_bytes = 32 << 20;

struct Queue {
  cudaStream_t stream = nullptr;
  Precision precision = Precision::float32;
  int multiprocessors = 1;
  void* workspace = nullptr;  // workspace_bytes; free again when a row's last kernel has ended
  void* blas = nullptr;       // cuBLASLt's handle, or null where it is not there
};

inline Queue& queue_of(const Team& team) { return *static_cast<Queue*>(team.queue); }
inline cudaStream_t stream_of(const Team& team) { return queue_of(team).stream; }

}  // namespace fastdl::FASTDL_ISA
