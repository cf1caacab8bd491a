# Graphviz::cgraph and Graphviz::gvc.
include(FindPackageHandleStandardArgs)
find_path(Graphviz_INCLUDE_DIR graphviz/cgraph.h)
find_library(Graphviz_CGRAPH_LIBRARY cgraph)
find_library(Graphviz_GVC_LIBRARY gvc)
mark_as_advanced(Graphviz_INCLUDE_DIR Graphviz_CGRAPH_LIBRARY Graphviz_GVC_LIBRARY)
find_package_handle_standard_args(Graphviz
  REQUIRED_VARS Graphviz_CGRAPH_LIBRARY Graphviz_GVC_LIBRARY Graphviz_INCLUDE_DIR)
if(Graphviz_FOUND AND NOT TARGET Graphviz::gvc)
  add_library(Graphviz::cgraph UNKNOWN IMPORTED)
  set_target_properties(Graphviz::cgraph PROPERTIES
    IMPORTED_LOCATION "${Graphviz_CGRAPH_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Graphviz_INCLUDE_DIR}")
  add_library(Graphviz::gvc UNKNOWN IMPORTED)
  set_target_properties(Graphviz::gvc PROPERTIES
    IMPORTED_LOCATION "${Graphviz_GVC_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Graphviz_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Graphviz::cgraph)
endif()
