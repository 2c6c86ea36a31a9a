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
  target_include_directories(dnd_${name} PUBLIC ${root} ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM arg_DEPENDS PREPEND dnd_)
  target_link_libraries(dnd_${name}
    PUBLIC dnd_options ${arg_DEPENDS} ${arg_PUBLIC_LINK}
    PRIVATE ${arg_LINK})
  set_target_properties(dnd_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
