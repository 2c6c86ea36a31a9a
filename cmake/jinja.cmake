# llama.cpp's Jinja engine (scripts/setup_jinja.sh), and the program that renders chat templates with it: a
# process of its own, for the engine has no bounds (src/chat/renderer_process.h).
set(DND_JINJA_ROOT "${PROJECT_SOURCE_DIR}/.deps/jinja/engine" CACHE PATH "The Jinja engine: jinja/, unicode.h")
if(NOT EXISTS ${DND_JINJA_ROOT}/jinja/runtime.h)
  message(FATAL_ERROR "The Jinja engine: ${DND_JINJA_ROOT}/jinja is missing. Run scripts/setup_jinja.sh")
endif()

set(renderer ${PROJECT_SOURCE_DIR}/apps/chat_renderer)
set(engine_sources lexer parser runtime string value)
list(TRANSFORM engine_sources REPLACE "(.+)" "${DND_JINJA_ROOT}/jinja/\\1.cpp")
add_library(dnd_jinja STATIC ${engine_sources} ${DND_JINJA_ROOT}/unicode.cpp)
target_include_directories(dnd_jinja SYSTEM PUBLIC ${DND_JINJA_ROOT} PRIVATE ${renderer}/engine_json)
target_compile_features(dnd_jinja PUBLIC cxx_std_20)
# Compiled at once, for most of the time goes into headers; optimised a little: a text takes less than a millisecond.
target_compile_options(dnd_jinja PRIVATE -w $<$<CONFIG:Release>:-O1>)
set_target_properties(dnd_jinja PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
if(DND_SANITIZE)
  target_compile_options(dnd_jinja PRIVATE -fsanitize=address -fno-omit-frame-pointer)
endif()

add_executable(dnd-chat-renderer ${renderer}/expressions.cpp ${renderer}/filters.cpp ${renderer}/functions.cpp
  ${renderer}/limits.cpp ${renderer}/main.cpp ${renderer}/methods.cpp ${renderer}/operators.cpp
  ${renderer}/python_text.cpp ${renderer}/rewrite.cpp ${renderer}/statements.cpp ${renderer}/tests.cpp
  ${renderer}/values.cpp ${renderer}/white_space.cpp)
# Of the core it takes Unicode's cases, not the objects with their third parties.
target_sources(dnd-chat-renderer PRIVATE ${PROJECT_SOURCE_DIR}/src/text/unicode.cpp)
target_link_libraries(dnd-chat-renderer PRIVATE dnd_options dnd_jinja nlohmann_json::nlohmann_json utf8proc::utf8proc)
target_include_directories(dnd-chat-renderer PRIVATE ${PROJECT_BINARY_DIR}/layers/base ${PROJECT_BINARY_DIR}/layers/chat
  ${PROJECT_BINARY_DIR}/layers/text ${PROJECT_SOURCE_DIR}/include)
target_compile_options(dnd-chat-renderer PRIVATE $<$<CONFIG:Release>:-O1>)
set_target_properties(dnd-chat-renderer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/dnd)
# Who links dnd_core may render a template.
add_dependencies(dnd_core dnd-chat-renderer)
install(TARGETS dnd-chat-renderer RUNTIME DESTINATION lib/dnd)
install(FILES ${DND_JINJA_ROOT}/../LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.llama.cpp)
