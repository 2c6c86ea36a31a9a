# Flags that every target of this project gets, as an interface target.
set(DND_SANITIZE "" CACHE STRING "Sanitizers as -fsanitize= takes them: address,undefined or thread")
option(DND_FUZZ "Build the fuzz targets (clang; scripts/fuzz.sh)" OFF)
option(DND_WERROR "Treat warnings as errors" ON)

add_library(dnd_options INTERFACE)
target_compile_features(dnd_options INTERFACE cxx_std_20)
target_compile_options(dnd_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wzero-as-null-pointer-constant>
  $<$<CXX_COMPILER_ID:GNU>:-Wdouble-promotion>  # clang's also means a float that becomes a double argument
  $<$<BOOL:${DND_WERROR}>:-Werror>)

# GCC 12 reports -Wrestrict falsely on std::string concatenation (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(dnd_options INTERFACE -Wno-restrict)
endif()

if(DND_SANITIZE)
  target_compile_options(dnd_options INTERFACE -fsanitize=${DND_SANITIZE}
    $<$<BOOL:$<TARGET_PROPERTY:DND_COMPUTES>>:-O1;-fno-sanitize=pointer-overflow>
    $<$<BOOL:$<TARGET_PROPERTY:DND_IS_TEST>>:-g0;-fno-sanitize=undefined>
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(dnd_options INTERFACE -fsanitize=${DND_SANITIZE})
endif()

if(DND_FUZZ)
  # Coverage counters in all that is fuzzed; libFuzzer's main() comes with the targets (tests/fuzz).
  target_compile_options(dnd_options INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:DND_WITHOUT_COVERAGE>>>:-fsanitize=fuzzer-no-link>)
  target_link_options(dnd_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# For targets that no fuzz target has in it: counters would only cost the build and the tests time. A property, for
# what a target inherits comes after its own options.
function(dnd_without_coverage target)
  set_target_properties(${target} PROPERTIES DND_WITHOUT_COVERAGE ON)
endfunction()

# For targets that compute: the presets with sanitizers leave the rest as it is written, for optimising code full of
# checks takes most of their build. One check less: of every address that is computed, which doubles the time of a
# kernel's compilation and says nothing of where it leads.
function(dnd_optimised_under_sanitizers target)
  set_target_properties(${target} PROPERTIES DND_COMPUTES ON)
endfunction()

# For tests: what they are to find is in the code that they call, and checks of their own code are a third of their
# build under sanitizers.
function(dnd_is_test target)
  set_target_properties(${target} PROPERTIES DND_IS_TEST ON)
endfunction()
