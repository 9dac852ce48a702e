# Functions that turn folders into targets: the target of folder a/b is named a_b.

# Warnings and sanitizers, for every target of ours.
add_library(crest_warnings INTERFACE)
target_compile_options(crest_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                                                -Werror=switch)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of GCC 12's flow analysis in Boost and nlohmann headers.
  target_compile_options(crest_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
                                                  -Wno-stringop-overflow -Wno-stringop-overread -Wno-dangling-pointer)
endif()
if(CREST_WERROR)
  target_compile_options(crest_warnings INTERFACE -Werror)
endif()
if(CREST_SANITIZE)
  # -g1: lines and functions are what reports name; the rest costs a fifth of the build.
  target_compile_options(crest_warnings INTERFACE -fsanitize=${CREST_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer -g1)
  target_link_options(crest_warnings INTERFACE -fsanitize=${CREST_SANITIZE})
  target_compile_definitions(crest_warnings INTERFACE CREST_SANITIZED)
endif()
if(CREST_SANITIZE MATCHES thread)
  # ThreadSanitizer knows no fences. Asio's handlers are handed over under its scheduler's mutex, which it knows.
  target_compile_definitions(crest_warnings INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

# config/version.hpp declares what this file defines.
configure_file(${PROJECT_SOURCE_DIR}/cmake/version.cpp.in ${PROJECT_BINARY_DIR}/generated/version.cpp @ONLY)
add_library(crest_version STATIC ${PROJECT_BINARY_DIR}/generated/version.cpp)
target_include_directories(crest_version PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(crest_version PRIVATE crest_warnings)

# crest_library(FOLDER LINKS TARGET...): all .cpp files of FOLDER; header-only folders become interface targets.
function(crest_library folder)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  # An always-empty source keeps the target's kind the same whether or not the folder has .cpp files yet.
  add_library(${name} STATIC ${sources} ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE crest_warnings)
endfunction()

# crest_program(NAME MAIN LINKS TARGET...): an installed program.
function(crest_program name main)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${main})
    return()
  endif()
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} CLI11::CLI11 crest_version crest_warnings)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# crest_embed(TARGET FILE NAMESPACE SYMBOL): FILE's text as `extern std::string_view const NAMESPACE::SYMBOL`.
function(crest_embed target file namespace symbol)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${file})
    return()
  endif()
  set(output ${PROJECT_BINARY_DIR}/generated/${target}_${symbol}.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${PROJECT_SOURCE_DIR}/${file} -DOUTPUT=${output} -DNAMESPACE=${namespace}
            -DSYMBOL=${symbol} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  set(CREST_EMBEDDED ${CREST_EMBEDDED} ${output} PARENT_SCOPE)
endfunction()
