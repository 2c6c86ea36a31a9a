# Flags that every target of this project gets, as an interface target.
option(DND_SANITIZE "Build with the address and undefined-behaviour sanitizers" OFF)
option(DND_FUZZ "Build the fuzz targets (clang; scripts/fuzz.sh)" OFF)
option(DND_WERROR "Treat warnings as errors" ON)

add_library(dnd_options INTERFACE)
target_compile_features(dnd_options INTERFACE cxx_std_20)
target_compile_options(dnd_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wdouble-promotion>  # clang's also means a float that becomes a double argument
  $<$<BOOL:${DND_WERROR}>:-Werror>)

# GCC 12 reports -Wrestrict falsely on std::string concatenation (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(dnd_options INTERFACE -Wno-restrict)
endif()

if(DND_SANITIZE)
  target_compile_options(dnd_options INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(dnd_options INTERFACE -fsanitize=address,undefined)
endif()

if(DND_FUZZ)
  # Coverage counters everywhere; libFuzzer's main() comes with the targets (tests/fuzz).
  target_compile_options(dnd_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(dnd_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
