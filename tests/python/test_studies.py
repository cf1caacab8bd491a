"""What a study wrote, as tables."""

from pathlib import Path

import circuit
import numpy as np
import pytest

STUDY = Path(__file__).parents[2] / "examples" / "studies" / "sums.yaml"

SUMMARY = """concept,intervention,control,strength,metric,n,clusters,estimate,low,high
"big, small",swap,,2.5,top1,40,12,0.75,0.5,0.875
hot,swap,random_matched,,top1,40,12,0.05,0,0.1
"""
RESULTS = """cell,prompt_id,pair_id,family,split,intervention,control,strength,seed,metric,value
ab,1,07,antonym,test,swap,,2.5,0,top1,1
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results.csv").write_text(RESULTS)
    (tmp_path / "summary.csv").write_text(SUMMARY)
    return tmp_path


def test_tables_have_numbers_and_texts(folder):
    study = circuit.load_study(folder)
    summary = study.summary
    assert summary.dtype.names[:2] == ("concept", "intervention")
    assert summary["concept"].tolist() == ["big, small", "hot"]
    assert summary["estimate"].tolist() == [0.75, 0.05]
    assert summary["n"].tolist() == [40, 40]
    assert summary["strength"][0] == 2.5 and np.isnan(summary["strength"][1])
    assert study.results["prompt_id"].tolist() == ["1"]  # ids stay texts
    assert study.results["pair_id"].tolist() == ["07"]
    assert study.results["value"].tolist() == [1.0]
    assert study.errors == [] and study.verdicts == []


def test_an_empty_table_has_its_columns(folder):
    (folder / "results.csv").write_text(RESULTS.splitlines()[0] + "\n")
    results = circuit.load_study(folder).results
    assert len(results) == 0
    assert results.dtype["value"] == np.float64


def test_errors_are_read(folder):
    (folder / "errors.jsonl").write_text('{"cell": "ab", "error": "[outcomes] no"}\n')
    assert circuit.load_study(folder).errors == [{"cell": "ab", "error": "[outcomes] no"}]


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="no results.csv, expected a folder of a study"):
        circuit.load_study(tmp_path)


def test_a_study_runs_and_goes_on_where_it_was(tmp_path):
    first = circuit.study(STUDY, tmp_path, limit=1)
    assert first.report["cells"] > 0 and first.report["failed"] == 0
    results, summary = first.results, first.summary
    assert set(results["metric"]) == {"top1", "logprob", "logit_difference"}
    assert {"", "random_matched", "whole_position"} <= set(results["control"])
    assert (summary["low"] <= summary["estimate"]).all()
    assert [verdict["holds"] for verdict in first.verdicts] == [False]  # one pair proves nothing

    again = circuit.study(STUDY, tmp_path, limit=1)
    assert again.report["already"] == again.report["cells"] == first.report["cells"]
    assert again.results["cell"].tolist() == results["cell"].tolist()
    assert again.results["value"].tolist() == results["value"].tolist()


def test_a_wrong_study_is_the_programs_line(tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("version: 1\nname: x\n")
    with pytest.raises(circuit.ProgramError, match=r"wrong\.yaml:1: the study has no prompts"):
        circuit.study(file, tmp_path / "out")
