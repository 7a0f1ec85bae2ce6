# Shared by the scripts of this folder. They are given SOURCE (the repository), BUILD (its build tree), WORK (a folder of their own),
# COMPILER, LAUNCHER, TYPE, WERROR and LAYERS
# (with commas between them: a semicolon would be taken apart on its way).
cmake_minimum_required(VERSION 3.25)

# run(what command...): fails the test, with what the command said, when it fails.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# refused(what text command...): the command must fail, and say `text`.
function(refused what text)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(status EQUAL 0 OR NOT output MATCHES "${text}")
    message(FATAL_ERROR "${what} should fail with \"${text}\"; it ended with ${status} and said:\n${output}")
  endif()
endfunction()

string(REPLACE "," ";" layers "${LAYERS}")
# The flags are those of the build tree, so that a compiler cache knows the files already.
set(configure_consumer ${CMAKE_COMMAND} -G Ninja -S ${CMAKE_CURRENT_LIST_DIR}/consumer -DCMAKE_BUILD_TYPE=${TYPE} -DALDIS_WERROR=${WERROR}
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})

# build_consumer(folder layers options...): configures, builds and runs a program for each layer that consumer/ has one for.
function(build_consumer folder layer_names)
  string(REPLACE "," ";" layers "${layer_names}")
  file(REMOVE_RECURSE ${WORK}/${folder})
  run("configuring ${folder}" ${configure_consumer} -B ${WORK}/${folder} -DLAYERS=${layer_names} ${ARGN})
  run("building ${folder}" ${CMAKE_COMMAND} --build ${WORK}/${folder} --parallel 2)
  set(ran 0)
  foreach(layer IN LISTS layers)
    if(EXISTS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/consumer/${layer}.cpp)
      run("use_${layer} of ${folder}" ${WORK}/${folder}/use_${layer})
      math(EXPR ran "${ran} + 1")
    endif()
  endforeach()
  if(ran EQUAL 0)
    message(FATAL_ERROR "${folder} ran nothing")
  endif()
  message("${folder}: ${ran} programs built and run (${layer_names})")
endfunction()
