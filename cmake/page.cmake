# Puts the page of reports together: TEMPLATE, with each line {{FILE}} or {{uplot FILE}} replaced by that file's text, from
# the template's folder or from UPLOT. Writes OUTPUT.
get_filename_component(folder ${TEMPLATE} DIRECTORY)
file(READ ${TEMPLATE} page)
string(REGEX MATCHALL "{{[^{}\n]+}}" wanted "${page}")
foreach(mark ${wanted})
  string(REGEX REPLACE "^{{(.*)}}$" "\\1" name ${mark})
  if(name MATCHES "^uplot ")
    string(REPLACE "uplot " "${UPLOT}/" file ${name})
  else()
    set(file ${folder}/${name})
  endif()
  if(name MATCHES "^(connects_to|data|live_script)$")
    continue() # what the program fills in
  endif()
  file(READ ${file} text)
  string(REPLACE "${mark}" "${text}" page "${page}")
endforeach()
file(WRITE ${OUTPUT} "${page}")
