# fastdl._cuda: the kernels of src/cpp/kernels/cuda by nvcc, in a module of its own that fastdl._core knows nothing of.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # and PTX of the last, for what is newer
endif()
enable_language(CUDA)
find_package(CUDAToolkit 12.0 REQUIRED)

file(GLOB cuda_sources CONFIGURE_DEPENDS src/cpp/kernels/cuda/*.cu)
pybind11_add_module(_cuda MODULE NO_EXTRAS ${cuda_sources} src/cpp/kernels/cuda/module.cpp)
set(launchers ${CMAKE_CURRENT_SOURCE_DIR}/cmake/keep_messages.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
set_target_properties(_cuda PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_VISIBILITY_PRESET hidden
  CUDA_RUNTIME_LIBRARY Static
  # What ptxas says of each kernel is kept beside its object: cmake/registers.py makes a table of it.
  CUDA_COMPILER_LAUNCHER "${launchers}")
target_include_directories(_cuda PRIVATE src/cpp src/cpp/kernels/cuda)
target_compile_options(_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda --expt-relaxed-constexpr
  --Werror all-warnings -diag-suppress 20014,20011,177,1675 -Xptxas -v>)
string(JOIN ", " architectures ${CMAKE_CUDA_ARCHITECTURES})
target_compile_definitions(_cuda PRIVATE FASTDL_ISA=cuda FASTDL_VERSION="${SKBUILD_PROJECT_VERSION}"
  FASTDL_CUDA_ARCHITECTURES="${architectures}"
  "$<$<COMPILE_LANGUAGE:CUDA>:FASTDL_INLINE=__host__ __device__ __forceinline__>")
target_link_libraries(_cuda PRIVATE CUDA::cudart_static ${CMAKE_DL_LIBS})
install(TARGETS _cuda DESTINATION fastdl COMPONENT cuda)
