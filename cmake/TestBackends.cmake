# fastdl._test_backends, for tests alone: the kernels of src/cpp/kernels/cuda as plain C++ against the emulation of
# tests/cuda, and a CPU backend whose values the host cannot touch.
if(FASTDL_CUDA)
  message(FATAL_ERROR "FASTDL_TEST_BACKENDS and FASTDL_CUDA compile the same sources by two compilers: use two build folders.")
endif()
file(GLOB emulated_sources CONFIGURE_DEPENDS src/cpp/kernels/cuda/*.cu)
set_source_files_properties(${emulated_sources} PROPERTIES LANGUAGE CXX)
pybind11_add_module(_test_backends MODULE NO_EXTRAS ${emulated_sources} tests/cuda/module.cpp tests/cuda/guarded.cpp)
target_include_directories(_test_backends PRIVATE tests/cuda src/cpp src/cpp/kernels/cuda)  # launch.hpp: the first of them
target_compile_options(_test_backends PRIVATE -Wall -Wno-unused-function -Wno-unknown-pragmas -O1 -g1)
target_compile_definitions(_test_backends PRIVATE FASTDL_ISA=cuda_emulated)
target_link_libraries(_test_backends PRIVATE ${CMAKE_DL_LIBS})
set(FASTDL_TEST_SANITIZER "" CACHE STRING "What the emulated kernels are built with: thread, address, or nothing")
if(FASTDL_TEST_SANITIZER)
  target_compile_options(_test_backends PRIVATE -fsanitize=${FASTDL_TEST_SANITIZER} -fno-omit-frame-pointer)
  target_link_options(_test_backends PRIVATE -fsanitize=${FASTDL_TEST_SANITIZER})
endif()
install(TARGETS _test_backends DESTINATION fastdl)
