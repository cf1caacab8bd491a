# What is installed: the program, its library beside it in lib/, the torch-free libraries with
# their headers, the demo, and the package that find_package(circuit) reads. The folder is lib/ on
# every system because the program looks for its library in ../lib.
include(CMakePackageConfigHelpers)

set(package lib/cmake/circuit)
install(TARGETS circuit_graph circuit_weights circuit_export circuit_tracer
  EXPORT circuit_targets
  ARCHIVE DESTINATION lib
  LIBRARY DESTINATION lib
  FILE_SET HEADERS DESTINATION include/circuit)
install(TARGETS circuit RUNTIME DESTINATION bin)
install(DIRECTORY examples/demo/ DESTINATION share/circuit/demo)
install(EXPORT circuit_targets NAMESPACE circuit:: FILE circuitTargets.cmake
  DESTINATION ${package})

configure_package_config_file(cmake/circuitConfig.cmake.in
  "${PROJECT_BINARY_DIR}/circuitConfig.cmake" INSTALL_DESTINATION ${package})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/circuitConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/circuitConfig.cmake" "${PROJECT_BINARY_DIR}/circuitConfigVersion.cmake"
  cmake/FindGraphviz.cmake cmake/FindxxHash.cmake
  DESTINATION ${package})
