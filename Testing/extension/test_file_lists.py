"""What Slicer's build ships is what lies in the tree, in the place where the module looks for it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.file_lists import ROOT, in_cmake, in_tree

HINT = "run `make file-lists`"

# Stands for Slicer's own build files: writes down what the two calls ask for, and copies as Slicer's macros do, keeping
# relative paths.
SLICER_CONFIG = r"""
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/nothing.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/nothing.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/nothing.cmake")
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MODULE "WITH_GENERIC_TESTS;WITH_SUBDIR" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MODULE_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "unknown: ${MODULE_UNPARSED_ARGUMENTS}")
  endif()
  foreach(file ${MODULE_SCRIPTS} ${MODULE_RESOURCES})
    get_filename_component(folder "${file}" DIRECTORY)
    file(COPY "${CMAKE_CURRENT_SOURCE_DIR}/${file}" DESTINATION "${CMAKE_BINARY_DIR}/qt-scripted-modules/${folder}")
  endforeach()
endfunction()
function(slicer_add_python_unittest)
  cmake_parse_arguments(TEST "" "SCRIPT" "" ${ARGN})
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT}")
    message(FATAL_ERROR "no test ${TEST_SCRIPT}")
  endif()
endfunction()
"""


@pytest.mark.parametrize("kind", ["SCRIPTS", "RESOURCES"])
def test_the_build_knows_every_file_and_no_other(kind: str) -> None:
    listed, there = in_cmake()[kind], in_tree()[kind]
    assert sorted(set(there) - set(listed)) == [], f"not listed in CMakeLists.txt; {HINT}"
    assert sorted(set(listed) - set(there)) == [], f"listed, but not there; {HINT}"
    assert listed == sorted(set(listed)), HINT


def test_the_build_reads_the_lists_and_puts_all_where_the_module_looks(tmp_path: Path) -> None:
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    stand_in = tmp_path / "slicer"
    stand_in.mkdir()
    (stand_in / "SlicerConfig.cmake").write_text(SLICER_CONFIG, encoding="utf-8")
    (stand_in / "nothing.cmake").write_text("", encoding="utf-8")
    build = tmp_path / "build"
    done = subprocess.run(
        [cmake, "-S", ROOT, "-B", build, f"-DSlicer_DIR={stand_in}", "-DBUILD_TESTING=ON",
         "-DCMAKE_C_COMPILER_WORKS=1", "-DCMAKE_CXX_COMPILER_WORKS=1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    place = build / "qt-scripted-modules"
    shipped = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    lists = in_tree()
    assert shipped == {"DualSSLSeg.py", *lists["SCRIPTS"], *lists["RESOURCES"]}
