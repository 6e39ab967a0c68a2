// exp, log, cos and their relatives on one vector of float or double: argument reduction, then a polynomial that is
// minimax on what is left. At most 1 ulp (exp, log, log1p), 1.6 (expm1), 2.5 (tanh), 8 (normal); infinities and NaN
// come out as they do of libm.
#pragma once

#include "kernels/cpu/vec.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class V>
using Element = decltype(V{}[0] + 0);
template <class V>
using Bits = decltype(V{} < V{});  // signed integers of the same width

template <class T>
struct Format;  // of the element type: bits of the mantissa, bias of the exponent
template <>
struct Format<float> {
  using Word = std::uint32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float magic = 0x1.8p23f;  // x + magic has the integer nearest to x in its last bits
  static constexpr float ln2_high = 0x1.63p-1f, ln2_low = -2.12194440054690583e-4f;  // k * ln2_high is exact
  static constexpr float smallest = 0x1p-126f, largest = 0x1.fffffep127f;
};
template <>
struct Format<double> {
  using Word = std::uint64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double magic = 0x1.8p52;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 1.90821492927058770e-10;
  static constexpr double smallest = 0x1p-1022, largest = 0x1.fffffffffffffp1023;
};
template <class V>
using FormatOf = Format<Element<V>>;
template <class V>
constexpr bool is_float = sizeof(Element<V>) == 4;

// c0 + c1 x + c2 x^2 + ...
template <class V>
FASTDL_INLINE V polynomial(V, double c) {
  return splat(Element<V>(c));
}
template <class V, class... Rest>
FASTDL_INLINE V polynomial(V x, double c, Rest... rest) {
  return polynomial(x, rest...) * x + Element<V>(c);
}

template <class V>
FASTDL_INLINE V vabs(V x) {
  return (V)((Bits<V>)x & ~(Bits<V>)splat(Element<V>(-0.0)));
}
template <class V>
FASTDL_INLINE V with_sign(V x, V sign) {  // of x >= 0
  return (V)((Bits<V>)x | ((Bits<V>)sign & (Bits<V>)splat(Element<V>(-0.0))));
}
template <class V>
FASTDL_INLINE V vsign(V x) {  // -1, 0 or 1; NaN of NaN
  return x > 0 ? splat(Element<V>(1)) : x < 0 ? splat(Element<V>(-1)) : x;
}
template <class V>
FASTDL_INLINE V vsqrt(V x) {
  for (int i = 0; i < lanes<Element<V>>; i++) x[i] = is_float<V> ? __builtin_sqrtf(x[i]) : __builtin_sqrt(x[i]);
  return x;
}
FASTDL_INLINE double square_root(double x) { return __builtin_sqrt(x); }  // of one number
// Limits that let NaN through.
template <class V>
FASTDL_INLINE V at_most(V x, Element<V> limit) {
  return vmin(splat(limit), x);
}
template <class V>
FASTDL_INLINE V at_least(V x, Element<V> limit) {
  return vmax(splat(limit), x);
}

// --- exp ------------------------------------------------------------------------------------------------------------
template <class V>
FASTDL_INLINE Bits<V> magic_integer(V shifted) {  // the integer in the last bits of x + magic
  return (Bits<V>)shifted - (Bits<V>)splat(FormatOf<V>::magic);
}
template <class V>
FASTDL_INLINE V power_of_two(Bits<V> k) {
  return (V)((k + FormatOf<V>::bias) << FormatOf<V>::mantissa);
}

// x 2^k, of x below 2 and a whole k, also where 2^k alone is out of range.
template <class V>
FASTDL_INLINE V scaled(V x, V k) {
#if defined(__AVX512F__)
  if constexpr (is_float<V>)
    return (V)_mm512_maskz_scalef_ps(-1, (__m512)x, (__m512)k);  // GCC warns of the other
  else
    return (V)_mm512_maskz_scalef_pd(-1, (__m512d)x, (__m512d)k);
#else
  using F = FormatOf<V>;
  const Bits<V> all = magic_integer(k + F::magic), half = magic_integer(k * Element<V>(0.5) + F::magic);
  return x * power_of_two<V>(half) * power_of_two<V>(all - half);
#endif
}
template <class V>
FASTDL_INLINE V half_power_of_two(V k) {  // 2^(k - 1)
#if defined(__AVX512F__)
  return scaled(splat(Element<V>(0.5)), k);
#else
  return power_of_two<V>(magic_integer(k + FormatOf<V>::magic) - 1);
#endif
}

// exp(x) = 2^k (1 + p), |p| < 0.42.
template <class V>
struct SplitExp {
  V p, k;
};
template <class V>
FASTDL_INLINE SplitExp<V> split_exp(V x) {
  using F = FormatOf<V>;
  V k = (x * Element<V>(1.44269504088896341) + F::magic) - F::magic;
  V high = x - k * F::ln2_high, r = high - k * F::ln2_low, lost = (high - r) - k * F::ln2_low;
  V q = is_float<V>
            ? polynomial(r, 0.5000000013, 0.1666666668, 0.04166646493, 0.008333310925, 0.001393365, 0.0001989099082)
            : polynomial(r, 0.5, 0.16666666666666671, 0.0416666666666666698, 0.00833333333332613513,
                         0.00138888888888837483, 1.98412698748206253e-4, 2.48015873255477412e-5, 2.75572554002064244e-6,
                         2.75572736431102953e-7, 2.51052170047207452e-8, 2.09146869680868772e-9);
  return {r + (r * r * q + lost), k};
}

template <class V>
FASTDL_INLINE V vexp(V x) {
  const SplitExp<V> e = split_exp(at_most(at_least(x, is_float<V> ? -104 : -746), is_float<V> ? 89 : 710));
  return scaled(1 + e.p, e.k);
}

template <class V>
FASTDL_INLINE V half_expm1(V x) {  // of at least -30 and at most 89, in float64 -60 and 710
  const SplitExp<V> e = split_exp(x);
  const V half_scale = half_power_of_two(e.k);
  return half_scale * e.p + (half_scale - Element<V>(0.5));
}
template <class V>
FASTDL_INLINE V vexpm1(V x) {
  return 2 * half_expm1(at_most(at_least(x, is_float<V> ? -30 : -60), is_float<V> ? 89 : 710));
}

template <class V>
FASTDL_INLINE V vtanh(V x) {
  const V e = half_expm1(2 * at_most(vabs(x), is_float<V> ? 10 : 20));
  return with_sign(e / (e + 1), x);
}

// --- log ------------------------------------------------------------------------------------------------------------
// log(x) + low for a positive normal x.
template <class V>
FASTDL_INLINE V log_normal(V x, V low) {
  using F = FormatOf<V>;
  typedef typename F::Word Words __attribute__((vector_size(sizeof(V))));
  // x = 2^k m, sqrt(1/2) <= m < sqrt(2). Biased and unsigned: AVX2 cannot shift 64-bit integers with their sign.
  Words one = (Words)splat(Element<V>(1)), root_half = (Words)splat(Element<V>(0.70710678118654752));
  Words biased = ((Words)x - root_half + one) >> F::mantissa;
  V k = (V)(biased | (Words)splat(F::magic)) - (F::magic + F::bias);
  V m = (V)((Words)x + one - (biased << F::mantissa));
  V f = m - 1, s = f / (2 + f), z = s * s, half_square = Element<V>(0.5) * f * f;
  V R = z * (is_float<V>
                 ? polynomial(z, 0.666666665544516463, 0.400001218769720015, 0.285508165997115487, 0.233305819382418938)
                 : polynomial(z, 0.666666666666666969, 0.399999999998994432, 0.285714286260032687, 0.22222211130259877,
                              0.18182889455674946, 0.153317106182107716, 0.14616585424888622));
  return k * F::ln2_high - ((half_square - (s * (half_square + R) + (k * F::ln2_low + low))) - f);
}

template <class V>
FASTDL_INLINE V log_special(V x, V y) {  // y = log(x) but for zero, negative and infinite x
  V inf = splat(Element<V>(__builtin_inf()));
  y = x < inf ? y : x;
  y = x == 0 ? -inf : y;
  return x < 0 ? splat(Element<V>(__builtin_nan(""))) : y;
}
template <class V>
FASTDL_INLINE V vlog(V x) {
  using F = FormatOf<V>;
  constexpr double scale = is_float<V> ? 0x1p24 : 0x1p54;
  V normal = x < F::smallest ? x * Element<V>(scale) : x;
  V y = log_normal(normal, V{});
  y = x < F::smallest ? y - Element<V>(is_float<V> ? 16.6355323334 : 37.4299477502370479) : y;
  return log_special(x, y);
}
template <class V>
FASTDL_INLINE V vlog1p(V x) {
  V t = 1 + x;
  return log_special(t, log_normal(t, (x - (t - 1)) / t));  // what 1 + x lost in rounding
}

// --- cosine and sine ------------------------------------------------------------------------------------------------
// Of an angle in turns: cos(2 pi t) and sin(2 pi t), whose reduction is exact. Both are the sine of at most a quarter
// of a turn. Errors up to 2e-7 and 4e-16.
template <class V>
struct CosSin {
  V cosine, sine;
};
template <class V>
FASTDL_INLINE V sine_of_quarter(V s) {  // |s| <= 1/4
  V z = s * s;
  return s * (is_float<V> ? polynomial(z, 6.283185160100956, -41.341655033376721, 81.60100417316095, -76.54978426271309,
                                       39.5367193097676)
                          : polynomial(z, 6.283185307179586478, -41.3417022403997602, 81.6052492760738336,
                                       -76.7058597526050294, 42.0586938988690893, -15.0946404962498597,
                                       3.8199030016146453, -0.717474781330512226, 0.0998510163643571046));
}
template <class V>
FASTDL_INLINE CosSin<V> vcossin_turns(V t) {
  using F = FormatOf<V>;
  V r = t - ((t + F::magic) - F::magic);
  r = vabs(t) < F::magic / 4 ? r : 0 * t;  // so large ones have no fraction that is worth a name; NaN of infinity
  V a = vabs(r), fold = vmin(a, Element<V>(0.5) - a);
  return {sine_of_quarter(Element<V>(0.25) - a), sine_of_quarter(with_sign(fold, r))};
}

// --- the normal distribution ----------------------------------------------------------------------------------------
template <class V>
struct Normal {
  V density, below;  // phi(x) = exp(-x^2/2) / sqrt(2 pi) and Phi(x) = (1 + erf(x / sqrt 2)) / 2
};
template <class V>
FASTDL_INLINE Normal<V> vnormal(V x) {
  using T = Element<V>;
  V u = at_most(vabs(x), is_float<V> ? 15 : 39);
  V square = u * u;
  Bits<V> upper = is_float<V> ? ~Bits<V>{} << 12 : ~Bits<V>{} << 27;
  V high = (V)((Bits<V>)u & upper);
  V lost = (high * high - square) + (u - high) * (u + high);  // by rounding the square: matters in the tail
  V e = vexp(T(-0.5) * square);
  e -= e * (T(0.5) * lost);
  // Phi(-u) = e * P(t) / (u + c): t runs through (-1, 1) and P is smooth.
  constexpr T c = is_float<V> ? 3 : 5;
  V w = 1 / (u + c), t = 1 - 2 * c * w;
  V P =
      is_float<V>
          ? polynomial(t, 0.7290836907, -0.5093319888, 0.2300176767, -0.04726276192, -0.01046228897, 0.006969920151,
                       0.001024157324, -0.001034476551, -2.447093208e-4, 1.333239542e-4, 5.549187172e-5)
          : polynomial(t, 0.769193049750062966, -0.665382502890056787, 0.495305615969974136, -0.313533156671297106,
                       0.165020366170500695, -0.069118638706479819, 0.0207950667975698564, -0.00299337676909447282,
                       -7.97869374891193326e-4, 5.44899062695852058e-4, -5.93758661673607092e-5,
                       -4.97628531650301359e-5, 1.66817036097726794e-5, 3.98118274153257746e-6, -2.77032094414695228e-6,
                       -3.37496520352463191e-7, 4.34439072637645847e-7, 4.37584159828557488e-8, -6.66752933922757159e-8,
                       -1.06182741742393764e-8, 7.63041047787318234e-9, 2.22493876771644329e-9);
  V tail = e * (P * w);
  return {e * T(0.398942280401432678), x < 0 ? tail : 1 - tail};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
