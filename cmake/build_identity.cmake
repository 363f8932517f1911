# Writes ${OUTPUT}: what the program ${BINARY} was built from. Run at every build by cmake -P, since the commit may change
# without any file being compiled anew; left untouched when nothing has changed.
#
# Given: BINARY, OUTPUT, SOURCE (the source folder), COMPILER, FLAGS, BUILD_TYPE.

function(git result)
  execute_process(COMMAND git -C "${SOURCE}" ${ARGN} OUTPUT_VARIABLE output ERROR_QUIET RESULT_VARIABLE code
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(code EQUAL 0)
    set(${result} "${output}" PARENT_SCOPE)
  else()
    set(${result} "" PARENT_SCOPE)
  endif()
endfunction()

function(quote result value)
  string(REPLACE "\\" "\\\\" value "${value}")
  string(REPLACE "\"" "\\\"" value "${value}")
  set(${result} "\"${value}\"" PARENT_SCOPE)
endfunction()

set(commit null)
git(top rev-parse --show-toplevel)
file(REAL_PATH "${SOURCE}" real_source)
if(top)
  file(REAL_PATH "${top}" top)
endif()
if(top STREQUAL real_source)  # not some other repository that holds an unpacked copy of this source
  git(id rev-parse HEAD)
endif()
if(id)
  git(date show -s --format=%cI HEAD)
  git(parents show -s --format=%P HEAD)
  git(changes status --porcelain --untracked-files=no -- . ":(exclude)results")
  string(REPLACE " " "\", \"" parents "${parents}")
  if(parents)
    set(parents "\"${parents}\"")
  endif()
  if(changes)
    set(dirty true)
  else()
    set(dirty false)
  endif()
  set(commit "{\"id\": \"${id}\", \"parents\": [${parents}], \"date\": \"${date}\", \"dirty\": ${dirty}}")
endif()

file(SHA256 "${BINARY}" sha256)
file(SIZE "${BINARY}" bytes)
quote(compiler "${COMPILER}")
quote(flags "${FLAGS}")
quote(build_type "${BUILD_TYPE}")
set(contents "{
  \"commit\": ${commit},
  \"binary_bytes\": ${bytes},
  \"build\": {
    \"binary_sha256\": \"${sha256}\",
    \"compiler\": ${compiler},
    \"flags\": ${flags},
    \"build_type\": ${build_type}
  }
}
")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT contents STREQUAL before)
  file(WRITE "${OUTPUT}" "${contents}")
endif()
