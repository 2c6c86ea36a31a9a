# cmake -DROOT=<source tree> -DOUT=<file.cpp> -P write_build_id.cmake
#
# Writes the source that holds the build id (src/base/build_id.h): the first 16 digits of a SHA-256 over
# the names and contents of the sources that decide what crosses the borders. A file with the same id is
# left as it is, so that nothing is compiled again for it.
set(patterns)
foreach(folder src include apps cmake)
  foreach(name *.h *.cpp *.cu *.cmake CMakeLists.txt)
    list(APPEND patterns ${ROOT}/${folder}/${name})
  endforeach()
endforeach()
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${patterns})
list(APPEND sources CMakeLists.txt)
list(SORT sources)

set(names_and_hashes "")
foreach(source ${sources})
  file(SHA256 ${ROOT}/${source} hash)
  string(APPEND names_and_hashes "${source} ${hash}\n")
endforeach()
string(SHA256 id "${names_and_hashes}")
string(SUBSTRING ${id} 0 16 id)

set(text "// Made by cmake/write_build_id.cmake.
#include \"base/build_id.h\"

namespace dnd {

const char* build_id() { return \"${id}\"; }

}  // namespace dnd
")
set(old "")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
