# What `cmake --install` adds to libraries and headers: the CMake package, the pkg-config files, one for each layer, and the program.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aldis)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
get_property(ALDIS_LAYERS GLOBAL PROPERTY aldis_layers)

foreach(layer IN LISTS ALDIS_LAYERS)
  install(EXPORT aldis_${layer}_targets NAMESPACE aldis:: DESTINATION ${package_dir} FILE aldis-${layer}-targets.cmake)
endforeach()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/aldis-config.cmake.in ${PROJECT_BINARY_DIR}/package/aldis-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/aldis-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/aldis-config.cmake ${PROJECT_BINARY_DIR}/package/aldis-config-version.cmake
  DESTINATION ${package_dir})

# The way from the .pc file back to the prefix is computed: how deep the library folder lies differs (lib, lib64, lib/x86_64-linux-gnu).
file(RELATIVE_PATH ALDIS_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" ALDIS_PC_PREFIX "${ALDIS_PC_PREFIX}")

# aldis_pkgconfig(name layer requires libs description): one .pc file
function(aldis_pkgconfig name library requires libs description)
  set(ALDIS_PC_NAME ${name})
  set(ALDIS_PC_LIBRARY ${library})
  set(ALDIS_PC_REQUIRES ${requires})
  set(ALDIS_PC_LIBS ${libs})
  set(ALDIS_PC_DESCRIPTION ${description})
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/aldis.pc.in ${PROJECT_BINARY_DIR}/package/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc DESTINATION ${pkgconfig_dir})
endfunction()

aldis_pkgconfig(aldis-codec aldis_codec "" "" "MQTT packets to bytes and back")
aldis_pkgconfig(aldis-session aldis_session "aldis-codec" "" "What an MQTT peer does, without I/O")
aldis_pkgconfig(aldis-dissect aldis_dissect "aldis-codec" "" "MQTT packets taken apart, for people")
aldis_pkgconfig(aldis-follow aldis_follow "aldis-dissect" "" "Conversations of MQTT peers followed and shown")
aldis_pkgconfig(aldis-routing aldis_routing "aldis-session" "" "Who receives an MQTT message, and what is retained")
if("access" IN_LIST ALDIS_LAYERS)
  aldis_pkgconfig(aldis-access aldis_access "aldis-codec libcrypto >= ${ALDIS_OPENSSL_MINIMUM}" "" "Passwords and access rules of an MQTT broker")
endif()
if("transport" IN_LIST ALDIS_LAYERS)
  aldis_pkgconfig(aldis-transport aldis_transport "libssl >= ${ALDIS_OPENSSL_MINIMUM} libcrypto libcares" "-pthread" "Byte streams for MQTT")
  aldis_pkgconfig(aldis aldis "aldis-dissect aldis-follow aldis-routing aldis-access aldis-transport sqlite3 >= ${ALDIS_SQLITE_MINIMUM}" "-pthread" "MQTT client and broker")
endif()

# The program acts as one of its subcommands when it is called by that name.
if(TARGET aldis_program)
  install(TARGETS aldis_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  configure_file(${PROJECT_SOURCE_DIR}/apps/broker/systemd/aldis-broker.service.in ${PROJECT_BINARY_DIR}/package/aldis-broker.service @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/aldis-broker.service DESTINATION lib/systemd/system)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/broker-configuration.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
  foreach(name aldis_pub aldis_sub)
    install(CODE "file(CREATE_LINK aldis \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${name}\" SYMBOLIC)")
  endforeach()
endif()
