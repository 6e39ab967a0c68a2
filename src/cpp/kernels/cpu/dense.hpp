// dense: y (n, out) = x (n, in) w (in, out) + b (out,)

template <class T>
std::size_t dense_scratch(int, int, int, int threads) {
  return threads * panel_size<T>;
}

template <class T>
void dense_forward(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T* scratch) {
  gemm<T>(team, {.m = n, .n = out, .depth = in, .a = {x, in, 1}, .b = {w, out, 1}, .c = y, .bias = b}, scratch);
}

// dx (n, in) = dy w^T
template <class T>
void dense_backward_data(const Team& team, int n, int in, int out, const T* dy, const T* w, T* dx, T* scratch) {
  gemm<T>(team, {.m = n, .n = in, .depth = out, .a = {dy, out, 1}, .b = {w, 1, out}, .c = dx, .bias = nullptr},
          scratch);
}

// db (out,) = the sum of the rows of dy, in their order
template <class T>
void sum_rows(const Team& team, int n, int out, const T* dy, T* db) {
  const Range share = team.share(ceil_div(out, lanes<T>));
  for (std::int64_t j = share.begin * lanes<T>; j < share.end * lanes<T>; j += lanes<T>) {
    const int width = least<std::int64_t>(lanes<T>, out - j);
    Vec<T> sum{};
    for (int i = 0; i < n; i++) sum += load_part(dy + i * std::int64_t(out) + j, width);
    store_part(db + j, sum, width);
  }
}

// dw (in, out) = x^T dy
template <class T>
void dense_backward_weights(const Team& team, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                            T* scratch) {
  if (db) sum_rows(team, n, out, dy, db);
  gemm<T>(team, {.m = in, .n = out, .depth = n, .a = {x, 1, in}, .b = {dy, out, 1}, .c = dw, .bias = nullptr},
          scratch);
}
