# What the project takes from the system, each as one target. The packages are listed in tools/setup.

find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)

set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED)
add_library(boost_headers INTERFACE)
target_link_libraries(boost_headers INTERFACE Boost::headers)
target_include_directories(boost_headers SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(boost_headers INTERFACE BOOST_ERROR_CODE_HEADER_ONLY)
# What of Asio and Beast is no template is compiled once, in boost_sources, not in each file that uses it.
target_compile_definitions(boost_headers INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)

add_library(boost_asio INTERFACE)
target_link_libraries(boost_asio INTERFACE boost_headers Threads::Threads)
target_compile_definitions(boost_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)

find_path(SODIUM_INCLUDE_DIR sodium.h REQUIRED)
find_library(SODIUM_LIBRARY sodium REQUIRED)
add_library(crest_sodium INTERFACE)
target_include_directories(crest_sodium SYSTEM INTERFACE ${SODIUM_INCLUDE_DIR})
target_link_libraries(crest_sodium INTERFACE ${SODIUM_LIBRARY})

find_path(HIREDIS_INCLUDE_DIR hiredis/async.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
add_library(crest_hiredis INTERFACE)
target_include_directories(crest_hiredis SYSTEM INTERFACE ${HIREDIS_INCLUDE_DIR})
target_link_libraries(crest_hiredis INTERFACE ${HIREDIS_LIBRARY})

find_package(Boost 1.81 REQUIRED COMPONENTS url)
add_library(crest_url INTERFACE)
target_link_libraries(crest_url INTERFACE boost_headers Boost::url)
