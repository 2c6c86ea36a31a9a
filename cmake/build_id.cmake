# The build id (src/base/build_id.h): found anew at every build, compiled anew where a source has changed.
set(build_id_source ${PROJECT_BINARY_DIR}/build_id.cpp)
set(write_build_id ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DOUT=${build_id_source}
  -P ${PROJECT_SOURCE_DIR}/cmake/write_build_id.cmake)
execute_process(COMMAND ${write_build_id} COMMAND_ERROR_IS_FATAL ANY)  # for tools that read sources unbuilt
add_custom_target(build_id COMMAND ${write_build_id} BYPRODUCTS ${build_id_source} VERBATIM)

# Each library that stands at a border has an id of its own: that of the sources it was built from.
function(dnd_add_build_id target)
  target_sources(${target} PRIVATE ${build_id_source})
  set_source_files_properties(${build_id_source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
    SKIP_PRECOMPILE_HEADERS ON)
  add_dependencies(${target} build_id)
endfunction()
