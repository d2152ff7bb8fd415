def test_simulate_writes_logs_and_refuses_a_second_time(tmp_path, invoke, sentence):
    arguments = ("simulate", tmp_path / "shop", "--impressions", 300, "--days", 2)
    first = invoke(*arguments)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("300 impressions, ")
    assert str(tmp_path / "shop") in sentence(invoke(*arguments), 2)


def test_simulating_into_a_file_is_misuse(tmp_path, invoke, sentence):
    (tmp_path / "file").write_text("")
    result = invoke("simulate", tmp_path / "file" / "shop", "--impressions", 300)
    assert str(tmp_path / "file") in sentence(result, 2)
