# mpmt_layer(<folder> SOURCES <files> [USES <folders>] [LINKS <targets>])
#
# Declares the OBJECT library of the folder this is called in, named from the project's root; mpmt_<folder>, a slash as an
# underscore. OBJECT, because parts register themselves in a catalogue by a static object: from a static archive the
# linker would drop them without a word. MPMT_LAYERS lists all layers, those below first.
#
# Headers are included as "<folder>/<file>.hpp". Each layer has an include root of its own that holds nothing but a
# link to its folder, so that including a layer that is not named under USES, by it or by those it names, does not compile.
set(MPMT_LAYERS "" CACHE INTERNAL "All layers, those below first")
function(mpmt_layer folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" name "${folder}")
  mpmt_include_root("${folder}" root)

  add_library(mpmt_${name} OBJECT ${ARG_SOURCES})
  target_include_directories(mpmt_${name} PUBLIC "${root}")
  list(TRANSFORM ARG_USES REPLACE "/" "_")
  list(TRANSFORM ARG_USES PREPEND mpmt_)
  target_link_libraries(mpmt_${name} PUBLIC ${ARG_USES} ${ARG_LINKS} mpmt_options)
  set(MPMT_LAYERS ${MPMT_LAYERS} ${folder} CACHE INTERNAL "All layers, those below first")
endfunction()

# mpmt_include_root(<folder> <variable>)
#
# Makes the include root of the folder this is called in, and says where it is.
function(mpmt_include_root folder variable)
  string(REPLACE "/" "_" name "${folder}")
  set(root "${PROJECT_BINARY_DIR}/layers/${name}")
  cmake_path(GET folder PARENT_PATH parent)
  file(MAKE_DIRECTORY "${root}/${parent}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${root}/${folder}" SYMBOLIC)
  set(${variable} "${root}" PARENT_SCOPE)
endfunction()

# Every object of these layers, for a program that wants the whole catalogue.
# (Objects travel only to the target that links an OBJECT library directly.)
function(mpmt_link_layers target)
  list(TRANSFORM ARGN REPLACE "/" "_" OUTPUT_VARIABLE layers)
  list(TRANSFORM layers PREPEND mpmt_)
  target_link_libraries(${target} PRIVATE ${layers})
endfunction()

add_library(mpmt_options INTERFACE)
target_compile_options(mpmt_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual $<$<BOOL:${MPMT_WARNINGS_AS_ERRORS}>:-Werror>)
# A function's speed depends on where it lies within a cache line. Aligned to whole lines, no function moves within its
# lines because the code before it has changed, which would show as a regression of a workload that nobody touched.
target_compile_options(mpmt_options INTERFACE -falign-functions=64)
target_link_libraries(mpmt_options INTERFACE Threads::Threads)
if(MPMT_SANITIZE)
  # Without recovery: UndefinedBehaviorSanitizer would say what it finds and go on, and the test would pass.
  target_compile_options(mpmt_options INTERFACE
    -fsanitize=${MPMT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mpmt_options INTERFACE -fsanitize=${MPMT_SANITIZE})
  if(MPMT_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(mpmt_options INTERFACE -Wno-tsan)  # fences order flags only; data is published under locks
  endif()
endif()
