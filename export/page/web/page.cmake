# The files of the page as one C++ source, ${circuit_page_text}; included by export/CMakeLists.txt. No
# JavaScript tool is needed.

# Each after those that it needs.
set(vendor
  d3-dispatch d3-timer d3-ease d3-color d3-interpolate d3-selection d3-transition d3-drag d3-zoom
  d3-quadtree d3-force)
set(modules
  core/graph.mjs core/influence.mjs core/prune.mjs core/scores.mjs core/paths.mjs core/groups.mjs
  core/state.mjs core/address.mjs core/search.mjs core/layout.mjs core/subgraph_layout.mjs
  core/compare.mjs core/viewer_json.mjs
  view/dom.mjs view/theme.mjs view/canvas_painter.mjs view/svg_painter.mjs view/tooltip.mjs
  view/link_graph_scene.mjs view/link_graph.mjs view/subgraph.mjs view/node_list.mjs view/card.mjs
  view/node_panel.mjs view/pins_panel.mjs view/path_panel.mjs view/compare_panel.mjs
  view/controls.mjs view/search_box.mjs view/tabs.mjs view/pictures.mjs view/files.mjs view/keys.mjs
  view/model.mjs
  app.mjs)

set(inputs ${modules} page.html page.css join.cmake)
foreach(name IN LISTS vendor)
  list(APPEND inputs vendor/${name}.min.js vendor/${name}.LICENSE)
endforeach()
list(TRANSFORM inputs PREPEND "${CMAKE_CURRENT_LIST_DIR}/")

# As with C++ sources: a module on the disk that is not listed would be forgotten.
file(GLOB_RECURSE on_disk RELATIVE "${CMAKE_CURRENT_LIST_DIR}" "*.mjs")
list(REMOVE_ITEM on_disk ${modules})
if(on_disk)
  message(FATAL_ERROR " Modules that are not listed in export/page/web/page.cmake: ${on_disk}")
endif()

set(circuit_page_text "${CMAKE_CURRENT_BINARY_DIR}/page_text.cpp")
add_custom_command(
  OUTPUT "${circuit_page_text}"
  COMMAND "${CMAKE_COMMAND}" "-DPAGE=${CMAKE_CURRENT_LIST_DIR}" "-DOUT=${circuit_page_text}"
          "-DVENDOR=${vendor}" "-DMODULES=${modules}" -P "${CMAKE_CURRENT_LIST_DIR}/join.cmake"
  DEPENDS ${inputs}
  COMMENT "Joining the page's scripts"
  VERBATIM)
