# Writes OUTPUT, which defines config::commit: the commit of SOURCE, "+" behind it if files that git knows are changed;
# empty without git, or from a tarball (whatever repository it was unpacked in). Run at each build; the file is only
# touched when it changes. Never fails.
set(commit "")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} rev-parse --show-toplevel WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed)
    file(REAL_PATH "${top}" top)
    file(REAL_PATH "${SOURCE}" here)
    if(top STREQUAL here)
      execute_process(COMMAND ${GIT} rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE}
                      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      execute_process(COMMAND ${GIT} --no-optional-locks diff-index --quiet HEAD -- WORKING_DIRECTORY ${SOURCE}
                      RESULT_VARIABLE changed OUTPUT_QUIET ERROR_QUIET)
      if(commit AND changed)
        string(APPEND commit "+")
      endif()
    endif()
  endif()
endif()
if(NOT commit MATCHES "^[0-9a-f]+[+]?$")
  set(commit "")
endif()
set(text "#include \"base/config/version.hpp\"\n\nnamespace config {\nstd::string_view const commit = \"${commit}\";\n}\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
