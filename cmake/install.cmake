# What is installed beside the programs: manual pages and completions, made from their --help; documents, schemas,
# scenarios, and the gateway's systemd unit. `cpack` (make deb) makes a Debian package of the same.
set(texts ${PROJECT_BINARY_DIR}/texts)
file(MAKE_DIRECTORY ${texts}/man ${texts}/bash ${texts}/zsh ${texts}/fish)
set(programs crest-sim crest-gateway crest-fakeproxy)
set(all_texts "")
foreach(program ${programs})
  foreach(text man/${program}.1 bash/${program} zsh/_${program} fish/${program}.fish)
    get_filename_component(kind ${text} DIRECTORY)
    add_custom_command(OUTPUT ${texts}/${text} COMMAND ${program} --generate ${kind} > ${texts}/${text}
                       DEPENDS ${program} COMMENT "" VERBATIM)
    list(APPEND all_texts ${texts}/${text})
  endforeach()
endforeach()
add_custom_target(crest_texts ALL DEPENDS ${all_texts})

install(DIRECTORY ${texts}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY ${texts}/bash/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(DIRECTORY ${texts}/fish/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# Debian's zsh looks elsewhere for what packages bring than for what is installed by hand.
install(CODE "
  if(CMAKE_INSTALL_PREFIX MATCHES \"/usr$\")
    set(where vendor-completions)
  else()
    set(where site-functions)
  endif()
  file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/zsh/\${where}\" TYPE DIRECTORY
       FILES \"${texts}/zsh/\")")

install(DIRECTORY scenarios/ DESTINATION ${CMAKE_INSTALL_DATADIR}/crest-lab/scenarios)
install(FILES gateway/gateway.schema.json fakeproxy/fakeproxy.schema.json reports/summary.schema.json
              reports/plan.schema.json reports/limit.schema.json scenarios/scenario.schema.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/crest-lab/schemas)
install(FILES gateway/monitoring/gateway.rules.yml gateway/monitoring/gateway.rules.test.yml
              gateway/monitoring/gateway.dashboard.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/crest-lab/monitoring)
install(FILES README.md CHANGELOG.md ARCHITECTURE.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(FILES gateway/crest-gateway.service DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME crest-lab)
set(CPACK_PACKAGE_CONTACT "CREST Lab maintainers <crest-lab@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON) # Depends: the packages whose libraries the programs load
# Not more: what these bring would start on the machine, and scenarios say what they miss.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS gnuplot-nox)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx-light, libnginx-mod-http-lua, haproxy, varnish, redis-server")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "crest-gateway routes requests to the server that holds their session,
crest-fakeproxy stands for such servers, and crest-sim runs scenarios
against both, or against nginx, HAProxy and others, over real sockets or
in simulated time, and judges the results.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/deb/postinst ${PROJECT_SOURCE_DIR}/cmake/deb/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
