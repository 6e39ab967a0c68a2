// Who uses a program: one thread at a time, and neither a fork nor a signal handler may wait for itself.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "core/threads.hpp"

namespace fastdl {

namespace py = pybind11;

enum class Use { read, write };  // of weights and all else that lasts

class UseLock {
 public:
  // With the GIL: raises where waiting would never end, or what is there cannot be trusted.
  void check_user() {
    if (forks_ != forks()) renew();
    if (user_ == std::this_thread::get_id())
      throw std::runtime_error(
          "this network is in use by the same thread: a signal handler or a callback cannot use it while it is trained "
          "or predicts. Let the handler set a flag, and a callback look at it after the epoch.");
    if (spoilt_)
      throw std::runtime_error(
          "this process was forked while another thread trained this network, whose weights may be half changed here. "
          "Fork before or after the training, or start processes by 'spawn'.");
  }
  // Without the GIL, which whoever holds the lock may need.
  void lock(Use use) {
    mutex_->lock();
    user_ = std::this_thread::get_id(), writes_ = use == Use::write;
  }
  void unlock() {
    user_ = std::thread::id{}, writes_ = false;
    mutex_->unlock();
  }

 private:
  // In the child of a fork the thread that held the lock is gone, and would hold it for ever. Predictions that it was
  // at change nothing that lasts. (The old mutex is left alone: one that is locked must not be destroyed.)
  void renew() {
    forks_ = forks();
    const bool held = user_.load() != std::thread::id{};
    if (held && user_.load() == std::this_thread::get_id()) return;
    spoilt_ = spoilt_ || (held && writes_);
    static_cast<void>(mutex_.release());
    mutex_ = std::make_unique<std::mutex>();
    user_ = std::thread::id{}, writes_ = false;
  }

  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::atomic<std::thread::id> user_{};
  std::atomic<bool> writes_ = false;
  bool spoilt_ = false;
  int forks_ = forks();
};

// Releases the GIL, then takes the program: several Python threads may use one estimator.
class Busy {
 public:
  Busy(UseLock& lock, Use use) : lock_(checked(lock)) { lock_.lock(use); }
  ~Busy() { lock_.unlock(); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  static UseLock& checked(UseLock& lock) {
    lock.check_user();
    return lock;
  }
  UseLock& lock_;
  py::gil_scoped_release release_;
};

}  // namespace fastdl
