# Writes generated/busbar_version.h with the project's version and the git revision of the tree.
execute_process(
  COMMAND git -C ${CMAKE_SOURCE_DIR} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE BUSBAR_GIT_SHA OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT BUSBAR_GIT_SHA)
  set(BUSBAR_GIT_SHA "unknown")
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/busbar_version.h.in
               ${CMAKE_BINARY_DIR}/generated/busbar_version.h @ONLY)
