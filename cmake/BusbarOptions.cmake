# Language level, warnings, sanitizers, compiler cache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

option(BUSBAR_SANITIZE "Build with address and undefined-behaviour sanitizers" OFF)

find_program(BUSBAR_CCACHE ccache)
if(BUSBAR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BUSBAR_CCACHE})
endif()

add_library(busbar_options INTERFACE)
target_include_directories(busbar_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(busbar_options INTERFACE -Wall -Wextra -Werror -Wconversion -Wshadow -Wno-sign-conversion -Wno-missing-field-initializers
                       -Wno-restrict)  # designated initialisers; GCC 12 false alarm
if(BUSBAR_SANITIZE)
  # GCC 12 sees moved-from variants as uninitialised once the sanitizers have instrumented them.
  target_compile_options(busbar_options INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  target_link_options(busbar_options INTERFACE -fsanitize=address,undefined)
endif()
