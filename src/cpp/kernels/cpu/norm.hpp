// Batch and layer normalisation. Statistics in two passes (mean, then the variance around it). The lanes past n take no
// part in them and get a zero gradient.
#pragma once

#include "kernels/cpu/views.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
FASTDL_INLINE T sites(const NormShape& s) {  // values behind each channel's statistics
  return T(s.n) * T(s.pixels);
}

// --- batch_norm: y = (x - mean) rstd gamma + beta (Ioffe and Szegedy 2015) ------------------------------------------
template <class T>
void batch_norm_forward(const Team& team, const NormShape& s, T momentum, T eps, const T* x, const T* gamma,
                        const T* beta, T* running_mean, T* running_var, T* mean, T* rstd, T* y) {
  const T count = sites<T>(s), unbiased = count > 1 ? count / (count - 1) : 1;
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> m = channel.sum([&](auto at) { return at.read(x); }) / count;
    Vec<T> var = channel.sum([&](auto at) {
      Vec<T> d = at.read(x) - m;
      return d * d;
    }) / count;
    Vec<T> r = 1 / vsqrt(var + eps);
    channel.put(mean, m);
    channel.put(rstd, r);
    channel.put(running_mean, (1 - momentum) * channel.get(running_mean) + momentum * m);
    channel.put(running_var, (1 - momentum) * channel.get(running_var) + momentum * unbiased * var);
    Vec<T> scale = r * channel.get(gamma), shift = channel.get(beta);
    channel.each([&](auto at) { at.write(y, (at.read(x) - m) * scale + shift); });
  });
}

template <class T>
void batch_norm_backward(const Team& team, const NormShape& s, const T* x, const T* gamma, const T* mean, const T* rstd,
                         const T* dy, T* dx, T* dgamma, T* dbeta) {
  const T count = sites<T>(s);
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> m = channel.get(mean), r = channel.get(rstd);
    Pair<T> sums = channel.sum([&](auto at) {
      Vec<T> d = at.read(dy);
      return Pair<T>{d * ((at.read(x) - m) * r), d};
    });
    channel.put(dgamma, sums.a);
    channel.put(dbeta, sums.b);
    if (!dx) return;
    Vec<T> scale = r * channel.get(gamma), mean_dxhat = sums.a / count, mean_d = sums.b / count;
    channel.each([&](auto at) {
      Vec<T> xhat = (at.read(x) - m) * r;
      at.write_live(dx, scale * (at.read(dy) - mean_d - xhat * mean_dxhat));
    });
  });
}

template <class T>
void batch_norm_inference(const Team& team, const NormShape& s, T eps, const T* x, const T* gamma, const T* beta,
                          const T* running_mean, const T* running_var, T* y) {
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> m = channel.get(running_mean), r = 1 / vsqrt(channel.get(running_var) + eps);
    Vec<T> scale = r * channel.get(gamma), shift = channel.get(beta);
    channel.each([&](auto at) { at.write(y, (at.read(x) - m) * scale + shift); });
  });
}

template <class T>
void batch_norm_inference_backward(const Team& team, const NormShape& s, T eps, const T* x, const T* gamma,
                                   const T* running_mean, const T* running_var, const T* dy, T* dx, T* dgamma,
                                   T* dbeta) {
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> m = channel.get(running_mean), r = 1 / vsqrt(channel.get(running_var) + eps);
    if (dgamma) {
      Pair<T> sums = channel.sum([&](auto at) {
        Vec<T> d = at.read(dy);
        return Pair<T>{d * ((at.read(x) - m) * r), d};
      });
      channel.put(dgamma, sums.a);
      channel.put(dbeta, sums.b);
    }
    if (!dx) return;
    Vec<T> scale = r * channel.get(gamma);
    channel.each([&](auto at) { at.write(dx, scale * at.read(dy)); });
  });
}

// --- layer_norm: the same over the channels of each site (Ba et al. 2016) -------------------------------------------
template <class T>
void layer_norm_forward(const Team& team, const NormShape& s, T eps, const T* x, const T* gamma, const T* beta, T* mean,
                        T* rstd, T* y) {
  each_site<T>(team, s, [&](auto site) {
    Vec<T> m = site.sum([&](auto at) { return at.read(x); }) / T(s.channels);
    Vec<T> var = site.sum([&](auto at) {
      Vec<T> d = at.read(x) - m;
      return d * d;
    }) / T(s.channels);
    Vec<T> r = 1 / vsqrt(var + eps);
    site.put(mean, m);
    site.put(rstd, r);
    site.each([&](auto at) { at.write(y, (at.read(x) - m) * r * at.of_channel(gamma) + at.of_channel(beta)); });
  });
}

template <class T>
void layer_norm_backward(const Team& team, const NormShape& s, const T* x, const T* gamma, const T* mean, const T* rstd,
                         const T* dy, T* dx, T* dgamma, T* dbeta) {
  if (dgamma)
    each_channel<T>(team, s, [&](auto channel) {
      Pair<T> sums = channel.sum([&](auto at) {
        Vec<T> d = at.read(dy);
        return Pair<T>{d * ((at.read(x) - at.of_site(mean)) * at.of_site(rstd)), d};
      });
      channel.put(dgamma, sums.a);
      channel.put(dbeta, sums.b);
    });
  if (!dx) return;
  each_site<T>(team, s, [&](auto site) {
    Vec<T> m = site.get(mean), r = site.get(rstd);
    auto dxhat = [&](auto at) { return at.read(dy) * at.of_channel(gamma); };
    auto xhat = [&](auto at) { return (at.read(x) - m) * r; };
    Vec<T> mean_d = site.sum(dxhat) / T(s.channels);
    Vec<T> mean_dxhat = site.sum([&](auto at) { return dxhat(at) * xhat(at); }) / T(s.channels);
    site.each([&](auto at) { at.write(dx, r * (dxhat(at) - mean_d - xhat(at) * mean_dxhat)); });
  });
}

template <class T>
void channel_sums(const Team& team, const NormShape& s, const T* x, T* sums) {
  each_channel<T>(team, s, [&](auto channel) { channel.put(sums, channel.sum([&](auto at) { return at.read(x); })); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
