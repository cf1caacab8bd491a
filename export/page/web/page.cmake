# The files of the pages as C++ sources, ${circuit_page_texts}; included by export/CMakeLists.txt. No
# JavaScript tool is needed.

# Each after those that it needs.
set(vendor
  d3-dispatch d3-timer d3-ease d3-color d3-interpolate d3-selection d3-transition d3-drag d3-zoom
  d3-quadtree d3-force)
set(modules
  core/graph.mjs core/influence.mjs core/prune.mjs core/scores.mjs core/paths.mjs core/groups.mjs
  core/state.mjs core/address.mjs core/search.mjs core/layout.mjs core/subgraph_layout.mjs
  core/compare.mjs core/viewer_json.mjs core/attention.mjs
  view/dom.mjs view/theme.mjs view/canvas_painter.mjs view/svg_painter.mjs view/tooltip.mjs
  view/link_graph_scene.mjs view/link_graph.mjs view/subgraph.mjs view/node_list.mjs view/card.mjs
  view/grid_keys.mjs view/head_parts.mjs view/score_panel.mjs view/node_panel.mjs
  view/pins_panel.mjs view/path_panel.mjs view/compare_panel.mjs
  view/controls.mjs view/search_box.mjs view/tabs.mjs view/pictures.mjs view/files.mjs view/keys.mjs
  view/model.mjs
  app.mjs)
set(pattern_modules
  core/graph.mjs view/dom.mjs view/grid_keys.mjs
  patterns/pattern_data.mjs patterns/pattern_map.mjs patterns/pattern_app.mjs)

# As with C++ sources: a module on the disk that is not listed would be forgotten.
file(GLOB_RECURSE on_disk RELATIVE "${CMAKE_CURRENT_LIST_DIR}" "*.mjs")
list(REMOVE_ITEM on_disk ${modules} ${pattern_modules})
if(on_disk)
  message(FATAL_ERROR " Modules that are not listed in export/page/web/page.cmake: ${on_disk}")
endif()

# One page as NAMESPACE.cpp, added to circuit_page_texts.
function(circuit_join_page NAMESPACE)
  cmake_parse_arguments(ARG "" "SKELETON;STYLE" "VENDOR;MODULES" ${ARGN})
  set(inputs ${ARG_MODULES} ${ARG_SKELETON} ${ARG_STYLE} join.cmake)
  foreach(name IN LISTS ARG_VENDOR)
    list(APPEND inputs vendor/${name}.min.js vendor/${name}.LICENSE)
  endforeach()
  list(TRANSFORM inputs PREPEND "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/")
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${NAMESPACE}.cpp")
  add_custom_command(
    OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" "-DPAGE=${CMAKE_CURRENT_FUNCTION_LIST_DIR}" "-DOUT=${out}"
            "-DNAMESPACE=${NAMESPACE}" "-DSKELETON=${ARG_SKELETON}" "-DSTYLE=${ARG_STYLE}"
            "-DVENDOR=${ARG_VENDOR}" "-DMODULES=${ARG_MODULES}"
            -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/join.cmake"
    DEPENDS ${inputs}
    COMMENT "Joining the scripts of ${NAMESPACE}"
    VERBATIM)
  set(circuit_page_texts ${circuit_page_texts} "${out}" PARENT_SCOPE)
endfunction()

circuit_join_page(page_text
  SKELETON page.html STYLE page.css VENDOR ${vendor} MODULES ${modules})
circuit_join_page(pattern_page_text
  SKELETON patterns/page.html STYLE patterns/page.css MODULES ${pattern_modules})
