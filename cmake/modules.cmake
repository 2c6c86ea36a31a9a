# Files that Highway compiles once per instruction set include themselves, which a unity build (several
# sources in one compilation, CMAKE_UNITY_BUILD of the presets) cannot hold.
function(dnd_compile_apart_highway)
  foreach(source ${ARGN})
    file(STRINGS ${source} uses_highway REGEX "foreach_target\\.h" LIMIT_COUNT 1)
    if(uses_highway)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
        SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${dnd_highway_options}")
    endif()
  endforeach()
endfunction()

# dnd_module(NAME DEPENDS modules... LINK private... PUBLIC_LINK public... SOURCES files...):
# one folder under src/ as an object library.
#
# The layers are enforced by the include path: a module sees `#include "<folder>/x.h"` only for
# itself and for the modules it names in DEPENDS (and what those depend on). Each module's folder is
# published through a link of its own under the build tree, so src/ itself is on nobody's path.
function(dnd_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LINK;PUBLIC_LINK;SOURCES" ${ARGN})
  set(root ${PROJECT_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
  list(TRANSFORM arg_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/src/${name}/)
  add_library(dnd_${name} OBJECT ${arg_SOURCES})
  dnd_compile_apart_highway(${arg_SOURCES})
  target_include_directories(dnd_${name} PUBLIC ${root} ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM arg_DEPENDS PREPEND dnd_)
  target_link_libraries(dnd_${name}
    PUBLIC dnd_options ${arg_DEPENDS} ${arg_PUBLIC_LINK}
    PRIVATE ${arg_LINK})
  set_target_properties(dnd_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# dnd_headers(NAME HEADERS headers... LINK libraries... OPTIONS flags... PROPERTIES property value...): heavy headers
# of third parties, parsed once for all targets that take them with `target_precompile_headers(target REUSE_FROM
# NAME)` and are compiled with the same flags. A target of its own, for a compiler refuses headers that were parsed
# with a definition that the taker has not.
function(dnd_headers name)
  cmake_parse_arguments(arg "" "" "HEADERS;LINK;OPTIONS;PROPERTIES" ${ARGN})
  set(source ${PROJECT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// What parses headers needs a source.\n")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE dnd_options ${arg_LINK})
  target_compile_options(${name} PRIVATE ${arg_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
  set_target_properties(${name} PROPERTIES ${arg_PROPERTIES})
endfunction()

# The modules take the headers of dnd_headers(HEADERS). Not with GCC, which warns about the insides of precompiled
# headers where it optimises, and saves less.
function(dnd_precompile headers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  foreach(module ${ARGN})
    target_precompile_headers(dnd_${module} REUSE_FROM ${headers})
  endforeach()
endfunction()
