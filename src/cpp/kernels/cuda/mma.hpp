// Tensor cores, one warp: d (16, 8) = a (16, k) b (k, 8) + d, as PTX has it (mma.m16n8k8.tf32, mma.m16n8k16.bf16).
// tests/cuda has a file of the same name, which computes the same from the same registers on the host.
//   lane = 4 g + t     d: (g, 2t) (g, 2t+1) (g+8, 2t) (g+8, 2t+1)
//   tf32, k = 8        a: (g, t) (g+8, t) (g, t+4) (g+8, t+4)                       b: (t, g) (t+4, g)
//   bf16, k = 16       a: pairs of columns (g, 2t) (g+8, 2t) (g, 2t+8) (g+8, 2t+8)  b: pairs of rows (2t, g) (2t+8, g)
#pragma once

#define UNROLL _Pragma("unroll")        // of a loop whose turns each have registers of their own
#define UNROLL_TWO _Pragma("unroll 2")  // of one that needs its registers for other things
#define UNROLL_NONE _Pragma("unroll 1")

// Nothing is computed from x before this place: loads that are written before it are then on their way together.
inline __device__ void not_before_here(float& x) { asm volatile("" : "+f"(x)); }
inline __device__ void not_before_here(int& x) { asm volatile("" : "+r"(x)); }
inline __device__ void not_before_here(double& x) { asm volatile("" : "+d"(x)); }

inline __device__ unsigned to_tf32(float x) {  // to nearest, ties away from zero; the low 13 bits are not read
  unsigned y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
  return y;
}
inline __device__ unsigned to_bf16x2(float low, float high) {  // to nearest even
  unsigned y;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
  return y;
}

inline __device__ void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
inline __device__ void mma_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
