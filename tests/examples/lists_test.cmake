# The lists of examples/ are what their scripts write: PYTHON runs SCRIPT in a copy of FOLDERS (of
# SOURCE/examples, below WORK), and LIST must come out as it is committed. It is not there before,
# unless it is something to read first (KEEP).
file(REMOVE_RECURSE "${WORK}")
foreach(folder IN LISTS FOLDERS)
  file(COPY "${SOURCE}/examples/${folder}" DESTINATION "${WORK}" PATTERN clt EXCLUDE)
endforeach()
if(NOT KEEP)
  file(REMOVE "${WORK}/${LIST}")
endif()
execute_process(COMMAND "${PYTHON}" "${WORK}/${SCRIPT}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${WORK}/${LIST}"
                        "${SOURCE}/examples/${LIST}"
                RESULT_VARIABLE differs)
if(differs)
  message(FATAL_ERROR "examples/${LIST} is not what examples/${SCRIPT} writes")
endif()
