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

add_library(crest_sanitizers INTERFACE)
target_link_libraries(crest_warnings INTERFACE crest_sanitizers)
if(CREST_SANITIZE)
  # -g1: lines and functions are what reports name; the rest costs a fifth of the build.
  target_compile_options(crest_sanitizers INTERFACE -fsanitize=${CREST_SANITIZE} -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer -g1)
  target_link_options(crest_sanitizers INTERFACE -fsanitize=${CREST_SANITIZE})
  target_compile_definitions(crest_sanitizers INTERFACE CREST_SANITIZED)
endif()
if(CREST_SANITIZE MATCHES thread)
  # ThreadSanitizer knows no fences. Asio's handlers are handed over under its scheduler's mutex, which it knows.
  target_compile_definitions(crest_sanitizers INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

add_library(boost_sources STATIC ${PROJECT_SOURCE_DIR}/cmake/boost_sources.cpp)
target_link_libraries(boost_sources PRIVATE boost_asio crest_sanitizers OpenSSL::SSL)
target_link_libraries(boost_headers INTERFACE $<LINK_ONLY:boost_sources>)

# Headers that most files read, parsed once for all targets of a kind: `standard`, `json` (and standard), `net` (Asio and
# Beast, and json), and the same for tests. A folder of decisions gets no more than it may include anyway. The preset
# `dev` has none of them, so that clang-tidy sees whether each file includes what it uses.
function(crest_precompiled kind)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINKS" ${ARGN})
  add_library(precompiled_${kind} STATIC ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
  target_link_libraries(precompiled_${kind} PRIVATE ${ARG_LINKS} crest_warnings)
  target_precompile_headers(precompiled_${kind} PRIVATE ${ARG_HEADERS})
endfunction()
set(standard_headers <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <cstring> <deque> <filesystem> <fstream>
    <functional> <iostream> <limits> <map> <memory> <optional> <random> <set> <span> <sstream> <stdexcept> <string>
    <string_view> <tuple> <unordered_map> <utility> <variant> <vector>)
set(net_headers <boost/asio.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp>)
crest_precompiled(standard HEADERS ${standard_headers})
crest_precompiled(json HEADERS ${standard_headers} <nlohmann/json.hpp> LINKS nlohmann_json::nlohmann_json)
crest_precompiled(net HEADERS ${standard_headers} <nlohmann/json.hpp> ${net_headers}
                  LINKS nlohmann_json::nlohmann_json boost_asio)

# base/config/version.hpp declares what this file defines.
configure_file(${PROJECT_SOURCE_DIR}/cmake/version.cpp.in ${PROJECT_BINARY_DIR}/generated/version.cpp @ONLY)
set(commit_file ${PROJECT_BINARY_DIR}/generated/commit.cpp)
add_custom_target(crest_commit BYPRODUCTS ${commit_file}
                  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${commit_file}
                          -P ${PROJECT_SOURCE_DIR}/cmake/commit.cmake
                  COMMENT "" VERBATIM)
add_library(crest_version STATIC ${PROJECT_BINARY_DIR}/generated/version.cpp ${commit_file})
add_dependencies(crest_version crest_commit)
target_include_directories(crest_version PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(crest_version PRIVATE crest_warnings)

# crest_libraries(ROOMS): a library for each folder of architecture.json. Folders that are part of another one are compiled
# into that one's library; a folder without .cpp files has an empty one.
function(crest_libraries folders)
  string(JSON count LENGTH "${folders}")
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last}) # first who belongs to whom
    string(JSON folder GET "${folders}" ${i} folder)
    string(JSON whole ERROR_VARIABLE none GET "${folders}" ${i} part_of)
    if(NOT whole)
      set(whole ${folder})
    endif()
    string(REPLACE "/" "_" library_of_${folder} ${whole})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    list(APPEND sources_of_${library_of_${folder}} ${sources})
  endforeach()
  foreach(i RANGE ${last})
    string(JSON folder GET "${folders}" ${i} folder)
    set(name ${library_of_${folder}})
    if(NOT TARGET ${name})
      add_library(${name} STATIC ${sources_of_${name}} ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
      target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
      target_link_libraries(${name} PRIVATE crest_warnings)
      string(JSON headers ERROR_VARIABLE none GET "${folders}" ${i} headers)
      if(NOT headers)
        set(headers standard)
      endif()
      target_precompile_headers(${name} REUSE_FROM precompiled_${headers})
      string(JSON cold ERROR_VARIABLE none GET "${folders}" ${i} cold)
      if(cold STREQUAL "ON")
        target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
      endif()
      string(JSON exact ERROR_VARIABLE none GET "${folders}" ${i} exact)
      string(JSON one_unit ERROR_VARIABLE none GET "${folders}" ${i} one_unit)
      if(one_unit STREQUAL "ON" AND CMAKE_BUILD_TYPE STREQUAL "Release") # see docs/adr/0010; other builds, and tools, see each file
        # Beside precompiled headers GCC inlines less: its bounds grow with what the unit needs of them.
        set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0 DISABLE_PRECOMPILE_HEADERS ON)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
          target_compile_options(${name} PRIVATE "SHELL:--param inline-unit-growth=300")
        endif()
      endif()
      if(exact STREQUAL "ON") # what is drawn decides: the same bits on every machine (base/randomness/elementary.hpp)
        target_compile_options(${name} PRIVATE -ffp-contract=off)
      endif()
    endif()
    foreach(key uses system)
      string(JSON used ERROR_VARIABLE none GET "${folders}" ${i} ${key})
      string(JSON used_count ERROR_VARIABLE none LENGTH "${used}")
      if(used_count GREATER 0)
        math(EXPR last_used "${used_count} - 1")
        foreach(k RANGE ${last_used})
          string(JSON one GET "${used}" ${k})
          if(key STREQUAL uses)
            string(REGEX REPLACE "/[^/]*\\.hpp$" "" one ${one})
            set(one ${library_of_${one}})
          endif()
          if(NOT one STREQUAL name)
            target_link_libraries(${name} PUBLIC ${one})
          endif()
        endforeach()
      endif()
    endforeach()
  endforeach()
endfunction()

# crest_program(NAME MAIN LINKS TARGET...): an installed program.
function(crest_program name main)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${main})
    return()
  endif()
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} CLI11::CLI11 crest_version crest_warnings)
  target_precompile_headers(${name} REUSE_FROM precompiled_net)
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

# crest_embed_page(TARGET TEMPLATE NAMESPACE SYMBOL): a page of TEMPLATE, the files of its folder and uPlot, embedded as
# above.
function(crest_embed_page target template namespace symbol)
  set(page ${PROJECT_BINARY_DIR}/generated/${target}_${symbol}.html)
  set(output ${PROJECT_BINARY_DIR}/generated/${target}_${symbol}.cpp)
  get_filename_component(folder ${template} DIRECTORY)
  file(GLOB parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.html ${PROJECT_SOURCE_DIR}/${folder}/*.css
       ${PROJECT_SOURCE_DIR}/${folder}/*.js)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DTEMPLATE=${PROJECT_SOURCE_DIR}/${template} -DUPLOT=${uplot} -DOUTPUT=${page}
            -P ${PROJECT_SOURCE_DIR}/cmake/page.cmake
    COMMAND ${CMAKE_COMMAND} -DINPUT=${page} -DOUTPUT=${output} -DNAMESPACE=${namespace} -DSYMBOL=${symbol}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${parts} ${uplot}/LICENSE ${PROJECT_SOURCE_DIR}/cmake/page.cmake ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  set(CREST_EMBEDDED ${CREST_EMBEDDED} ${output} PARENT_SCOPE)
endfunction()
