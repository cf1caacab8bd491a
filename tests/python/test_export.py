"""Pictures, pages and files for other tools."""

import json
import re

import pytest


@pytest.mark.parametrize(
    ("ending", "begin"),
    [
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("html", b"<!doctype html>"),
        ("dot", b"digraph"),
        ("graphml", b"<?xml"),
        ("json", b"{"),
    ],
)
def test_the_ending_chooses_the_format(graph, tmp_path, ending, begin):
    path = graph.export(tmp_path / "new" / f"petit.{ending}")
    assert path == tmp_path / "new" / f"petit.{ending}"
    assert path.read_bytes().lower().startswith(begin.lower())
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_exported_json_has_the_programs_nodes(graph, traced, tmp_path):
    ours = json.loads(graph.export(tmp_path / "petit.json").read_text())
    theirs = json.loads((traced[1] / "petit.json").read_text())
    assert [node["node_id"] for node in ours["nodes"]] == [
        node["node_id"] for node in theirs["nodes"]
    ]
    assert ours["links"] == theirs["links"]


def test_title_and_groups_are_drawn(graph, tmp_path):
    kept = graph.prune()
    features = [int(i) for i in kept.indices if graph.nodes[i]["kind"] == "feature"][:2]
    groups = {"two of them": [graph.node_id(i) for i in features]}
    svg = kept.svg(title="A heading", supernodes=groups)
    assert "A heading" in svg
    assert "two of them" in svg
    assert "two of them" not in kept.svg()


def test_a_notebook_shows_the_picture(graph):
    svg = graph.prune()._repr_svg_()
    assert "<svg" in svg
    assert re.search(r"le contraire de petit est", svg)


def test_unknown_endings_and_names_are_value_errors(graph, tmp_path):
    with pytest.raises(ValueError, match=r"^\[formats\] format 'bmp' is unknown, expected some of"):
        graph.export(tmp_path / "petit.bmp")
    with pytest.raises(ValueError, match=r"^\[formats\] a format is empty"):
        graph.export(tmp_path / "petit")
    with pytest.raises(ValueError, match=r"^\[name\] "):
        graph.export(tmp_path / "pe tit.svg")


def test_a_folder_that_cannot_be_made_is_a_runtime_error(graph, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match=r"^\[write_outputs\] "):
        graph.export(tmp_path / "file" / "petit.svg")
