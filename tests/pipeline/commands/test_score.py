def test_a_model_that_is_not_there_is_misuse(invoke, sentence, tmp_path):
    result = invoke("score", tmp_path / "none", tmp_path, "-o", tmp_path / "scores.parquet")
    assert str(tmp_path / "none") in sentence(result, 2)


def test_scoring_needs_a_place_to_write_to(invoke, tmp_path):
    result = invoke("score", tmp_path, tmp_path)
    assert result.exit_code == 2
    assert "Missing option '-o'" in result.stderr
