# Compiles with what pkg-config says of an installed tree that was moved.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
find_program(pkg_config NAMES pkg-config pkgconf REQUIRED)

# compile(prefix libdir name): the program for `name` with the flags that the package in the moved tree gives.
function(compile prefix libdir name)
  set(ENV{PKG_CONFIG_PATH} ${prefix}/${libdir}/pkgconfig)
  run("pkg-config aldis-${name}" ${pkg_config} --cflags --libs aldis-${name})
  string(STRIP "${output}" flags)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run("compiling ${name} with ${flags}" ${COMPILER} -std=c++20 ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/consumer/${name}.cpp ${flags} -o ${WORK}/use_${name})
  run("use_${name}" ${WORK}/use_${name})
endfunction()

file(REMOVE_RECURSE ${WORK}/prefix ${WORK}/moved)
run("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
file(RENAME ${WORK}/prefix ${WORK}/moved)
file(GLOB_RECURSE package RELATIVE ${WORK}/moved ${WORK}/moved/*/aldis-codec.pc)
string(REPLACE "/pkgconfig/aldis-codec.pc" "" libdir "${package}")
compile(${WORK}/moved ${libdir} codec)
compile(${WORK}/moved ${libdir} session)
if("transport" IN_LIST layers)
  compile(${WORK}/moved ${libdir} transport)
endif()

# The way back to the prefix is longer where the libraries lie deeper: such trees are configured only, and asked for their headers.
foreach(libdir lib lib64 lib/x86_64-linux-gnu a/b/c)
  file(REMOVE_RECURSE ${WORK}/build ${WORK}/deep)
  run("configuring for ${libdir}" ${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -B ${WORK}/build -DCMAKE_CXX_COMPILER=${COMPILER} -DALDIS_BUILD_TRANSPORT=OFF
    -DALDIS_BUILD_TESTS=OFF -DCMAKE_INSTALL_LIBDIR=${libdir} -DCMAKE_INSTALL_PREFIX=/opt/elsewhere)
  file(COPY ${WORK}/build/package/aldis-codec.pc DESTINATION ${WORK}/deep/${libdir}/pkgconfig)
  set(ENV{PKG_CONFIG_PATH} ${WORK}/deep/${libdir}/pkgconfig)
  run("pkg-config" ${pkg_config} --variable=includedir aldis-codec)
  string(STRIP "${output}" includes)
  get_filename_component(includes ${includes} ABSOLUTE)
  if(NOT includes STREQUAL "${WORK}/deep/include")
    message(FATAL_ERROR "from ${libdir} the headers are looked for in ${includes}")
  endif()
endforeach()
