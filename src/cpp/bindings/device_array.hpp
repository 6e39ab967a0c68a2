// Values on a device as Python has them, and the queue in which a thread's functions work on them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/numpy.hpp"
#include "core/arena.hpp"
#include "core/team.hpp"
#include "kernels/kernels.hpp"

namespace fastdl {

// While one lives this thread's calls are a device's; then what they were before. Null: nothing happens.
class Visit {
 public:
  explicit Visit(const Device* device) : device_(device), before_(device ? device->enter() : 0) {}
  ~Visit() {
    if (device_) device_->leave(before_);
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  const Device* device_;
  int before_;
};

class DeviceQueue {
 public:
  DeviceQueue(const std::string& backend, int number);

  const Backend& backend() const { return backend_; }
  int number() const { return number_; }  // of the device
  const std::shared_ptr<void>& handle() const { return queue_; }
  Visit visit() const { return Visit(backend_.device); }
  // work(team), which sends kernels; done when this returns. Within a visit.
  template <class Work>
  void run(const Work& work) const {
    Team team;
    team.queue = queue_.get();
    work(team);
    backend_.device->wait(team.queue);
  }
  void copy_in(void* to, const void* from, std::size_t bytes) const {
    backend_.memory.copy_in(to, from, bytes, queue_.get());
  }
  void copy_out(void* to, const void* from, std::size_t bytes) const {
    backend_.memory.copy_out(to, from, bytes, queue_.get());
  }
  void wait_for(std::uintptr_t stream) const;

 private:
  const Backend& backend_;
  int number_;
  std::shared_ptr<void> queue_;
};

// C-contiguous values in a device's memory, of fastdl's own or another library's.
struct __attribute__((visibility("hidden"))) DeviceArray {
  const Backend* backend;
  int number;  // of the device
  py::dtype dtype;
  std::vector<py::ssize_t> shape;
  std::shared_ptr<void> values;  // and what keeps them

  index size() const;
  index bytes() const { return size() * dtype.itemsize(); }
  std::string device() const { return "cuda:" + std::to_string(number); }
};

DeviceArray new_array(const DeviceQueue& queue, const py::dtype& dtype,
                      const std::vector<py::ssize_t>& shape);  // zeros

void bind_dlpack(py::class_<DeviceArray>& c, py::module_& m);

}  // namespace fastdl
