# Refuses kernel objects that define more than constants of their instruction set: fastdl::<isa>::<table>_f32 and _f64,
# and backend_<isa>. A weak symbol (an inline function, a template of the standard library) would be merged across
# instruction sets by the linker, and every machine would run one copy.
#   cmake -DNM=<nm> "-DOBJECTS=<a.o;b.o>" -P CheckSymbols.cmake
if(NOT NM OR NOT OBJECTS)
  message(FATAL_ERROR "CheckSymbols.cmake needs -DNM and -DOBJECTS; got NM='${NM}', OBJECTS='${OBJECTS}'.")
endif()

foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} --extern-only --defined-only ${object}
    OUTPUT_VARIABLE symbols RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${NM} cannot read ${object}: ${failed}")
  endif()
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  list(FILTER lines INCLUDE REGEX " [A-Za-z] ")  # not the name of the file
  set(strangers ${lines})
  list(FILTER strangers EXCLUDE REGEX " [BDR] _ZN6fastdl([0-9]+backend_[a-z0-9]+|[0-9]+[a-z0-9]+[0-9]+[a-z0-9_]+_f(32|64))E$")
  list(LENGTH lines n_symbols)
  if(strangers OR n_symbols EQUAL 0)
    string(REPLACE ";" "\n  " strangers "${strangers}")
    message(FATAL_ERROR "${object} must define backend_<isa> or tables <name>_f32, <name>_f64 and nothing else, but has ${n_symbols} symbols:\n  "
      "${strangers}\nGive it internal linkage: FASTDL_INLINE, the per-ISA namespace, no std:: functions.")
  endif()
endforeach()
