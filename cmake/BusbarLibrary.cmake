# busbar_library(<name> SOURCES … [PUBLIC busbar::lower …] [PRIVATE lib …])
# One folder = one static library busbar::<name>. PUBLIC names the folders below that its headers
# include, PRIVATE those and the external libraries that only its sources use.
function(busbar_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(ARG_SOURCES)
    add_library(busbar_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(busbar_${name} PUBLIC busbar_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  else()
    add_library(busbar_${name} INTERFACE)
    target_link_libraries(busbar_${name} INTERFACE busbar_options ${ARG_PUBLIC})
  endif()
  add_library(busbar::${name} ALIAS busbar_${name})
endfunction()
