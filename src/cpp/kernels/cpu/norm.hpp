// Batch, layer and local response normalisation, and that to unit length. The lanes past n take no part in the
// statistics and get a zero gradient.
#pragma once

#include "kernels/cpu/views.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
FASTDL_INLINE T sites(const NormShape& s) {  // values behind each channel's statistics
  return T(s.n) * T(s.pixels);
}

// Mean and variance of the values of a channel or a site times `scale`.
template <class T>
struct Moments {
  Vec<T> mean, var, scale;
  FASTDL_INLINE Vec<T> rstd(T eps) const {  // of the values themselves
    const Vec<T> sum = var + eps * scale * scale;
    return scale / vsqrt(sum < Format<T>::smallest ? splat(Format<T>::smallest) : sum);
  }
};

// In two passes; the second, around the mean that the first found, corrects its rounding (Chan, Golub and LeVeque
// 1983).
template <class T, class View>
FASTDL_INLINE Moments<T> scaled_moments(const View& view, const T* x, T count, T scale) {
  const Vec<T> mean = view.sum([&](auto at) { return at.read(x) * scale; }) / count;
  const Pair<T> sums = view.sum([&](auto at) {
    const Vec<T> d = at.read(x) * scale - mean;
    return Pair<T>{d, d * d};
  });
  const Vec<T> shift = sums.a / count, var = sums.b / count - shift * shift;
  return {mean + shift, var < 0 ? Vec<T>{} : var, splat(scale)};
}

// Where squares overflow, from about 1e19 on in float32, once more of values scaled down.
template <class T, class View>
FASTDL_INLINE Moments<T> moments(const View& view, const T* x, T count) {
  Moments<T> m = scaled_moments(view, x, count, T(1));
  const Mask<T> large = (m.var > Format<T>::largest) | (m.var != m.var);
  if (spread_max(large ? splat(T(1)) : Vec<T>{})[0] == 0) return m;
  constexpr T down = sizeof(T) == 4 ? 0x1p-100 : 0x1p-700;
  const Moments<T> small = scaled_moments(view, x, count, down);
  return {large ? small.mean / down : m.mean, large ? small.var : m.var, large ? small.scale : m.scale};
}

// --- batch_norm: y = (x - mean) rstd gamma + beta (Ioffe and Szegedy 2015) ------------------------------------------
template <class T>
void batch_norm_forward(const Team& team, const NormShape& s, T momentum, T eps, const T* x, const T* gamma,
                        const T* beta, T* running_mean, T* running_var, T* mean, T* rstd, T* y) {
  const T count = sites<T>(s), unbiased = count > 1 ? count / (count - 1) : 1;
  each_channel<T>(team, s, [&](auto channel) {
    const Moments<T> found = moments(channel, x, count);
    Vec<T> m = found.mean, r = found.rstd(eps), var = unbiased * found.var / found.scale / found.scale;
    var = var > Format<T>::largest ? splat(Format<T>::largest)
                                   : var;  // infinity would stay in the running variance for good
    channel.put(mean, m);
    channel.put(rstd, r);
    channel.put(running_mean, (1 - momentum) * channel.get(running_mean) + momentum * m);
    channel.put(running_var, (1 - momentum) * channel.get(running_var) + momentum * var);
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
  each_channel_apart<T>(team, s, [&](auto channel) {
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
    const Moments<T> found = moments(site, x, T(s.channels));
    const Vec<T> m = found.mean, r = found.rstd(eps);
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

// --- unit_norm: y = x / |x| over the channels of each site ----------------------------------------------------------
template <class T>
void unit_norm_forward(const Team& team, const NormShape& s, T eps, const T* x, T* rnorm, T* y) {
  each_site<T>(team, s, [&](auto site) {
    const Vec<T> norm = vsqrt(site.sum([&](auto at) { return at.read(x) * at.read(x); }));
    const Vec<T> r = norm <= eps ? Vec<T>{} : 1 / norm;
    site.put(rnorm, r);
    site.each([&](auto at) { at.write(y, at.read(x) * r); });
  });
}

template <class T>
void unit_norm_backward(const Team& team, const NormShape& s, const T* x, const T* rnorm, const T* dy, T* dx) {
  if (!dx) return;
  each_site<T>(team, s, [&](auto site) {
    const Vec<T> r = site.get(rnorm);
    const Vec<T> along = site.sum([&](auto at) { return at.read(dy) * (at.read(x) * r); });
    site.each([&](auto at) { at.write(dx, r * (at.read(dy) - at.read(x) * r * along)); });
  });
}

template <class T>
void channel_sums(const Team& team, const NormShape& s, const T* x, T* sums) {
  each_channel<T>(team, s, [&](auto channel) { channel.put(sums, channel.sum([&](auto at) { return at.read(x); })); });
}

// --- local_response_norm: y = x / (k + alpha * the sum of squares around)^beta (Krizhevsky et al. 2012) --------------
// f(d) for each of the size channels around one, added up.
template <class T, class F>
FASTDL_INLINE Vec<T> sum_around(int size, F f) {
  Vec<T> sum{};
  for (int d = -(size / 2); d <= size / 2; d++) {
    Vec<T> term = f(d);
    FASTDL_IN_REGISTER(term);  // the same bits of a sample alone
    sum += term;
  }
  return sum;
}

template <class T>
void local_response_norm_forward(const Team& team, const NormShape& s, int size, T alpha, T beta, T k, const T* x,
                                 T* rscale, T* y) {
  each_site<T>(team, s, [&](auto site) {
    site.each([&](const auto& at) {
      const Vec<T> squares = sum_around<T>(size, [&](int d) {
        const Vec<T> v = site.beside(at, x, d);
        return v * v;
      });
      const Vec<T> r = 1 / (k + alpha * squares);
      at.write(rscale, r);
      at.write(y, at.read(x) * vexp(beta * vlog(r)));
    });
  });
}

// Channel c stands in the sums of those around it: dx_c = dy_c r_c^beta - 2 alpha beta x_c * the sum of dy_j y_j r_j.
template <class T>
void local_response_norm_backward(const Team& team, const NormShape& s, int size, T alpha, T beta, const T* x,
                                  const T* rscale, const T* y, const T* dy, T* dx) {
  each_site<T>(team, s, [&](auto site) {
    site.each([&](const auto& at) {
      const Vec<T> around = sum_around<T>(
          size, [&](int d) { return site.beside(at, dy, d) * site.beside(at, y, d) * site.beside(at, rscale, d); });
      const Vec<T> own = at.read(dy) * vexp(beta * vlog(at.read(rscale)));
      at.write(dx, own - 2 * alpha * beta * at.read(x) * around);
    });
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
