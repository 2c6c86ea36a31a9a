# The build tree has the shape of an installation (bin/, lib/dnd/, share/dnd/), so that the program
# finds its engine and data in both by the same relative paths.
set(share ${PROJECT_BINARY_DIR}/share/dnd)
if(NOT IS_SYMLINK ${share}/models/default)  # older build trees have a folder there
  file(REMOVE_RECURSE ${share}/models/default)
endif()
file(MAKE_DIRECTORY ${share}/models ${PROJECT_SOURCE_DIR}/.deps/encoders)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/models/presets ${share}/presets SYMBOLIC)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/.deps/encoders ${share}/encoders SYMBOLIC)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/models/default/generator ${share}/models/default SYMBOLIC)

foreach(model smollm2-135m)  # found by their folder's name
  if(EXISTS ${PROJECT_SOURCE_DIR}/models/${model}/generator.json)
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/models/${model} ${share}/models/${model} SYMBOLIC)
    install(DIRECTORY models/${model} DESTINATION ${CMAKE_INSTALL_DATADIR}/dnd/models)
  endif()
endforeach()

install(TARGETS dnd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY models/presets DESTINATION ${CMAKE_INSTALL_DATADIR}/dnd)
install(DIRECTORY models/default/generator/ DESTINATION ${CMAKE_INSTALL_DATADIR}/dnd/models/default)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Manual pages, as the program makes them.
install(CODE "
  file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man1\")
  execute_process(COMMAND \"$<TARGET_FILE:dnd>\" man --names OUTPUT_VARIABLE pages COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL \"[^\n]+\" pages \"\${pages}\")
  foreach(page IN LISTS pages)
    execute_process(COMMAND \"$<TARGET_FILE:dnd>\" man \${page} COMMAND_ERROR_IS_FATAL ANY
      OUTPUT_FILE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man1/\${page}.1\")
  endforeach()")
install(DIRECTORY .deps/encoders DESTINATION ${CMAKE_INSTALL_DATADIR}/dnd OPTIONAL)
if(DND_ENGINE)
  # LibTorch goes into a folder beside the engine, which is the engine's RPATH: no environment is needed.
  # In the build tree that folder is LibTorch's own.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/lib/dnd)
  file(CREATE_LINK ${torch_library_dir} ${PROJECT_BINARY_DIR}/lib/dnd/torch SYMBOLIC)
  install(TARGETS dnd_engine LIBRARY DESTINATION lib/dnd)
  install(FILES ${torch_runtime_files} DESTINATION lib/dnd/torch)
endif()
