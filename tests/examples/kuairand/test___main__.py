"""The command converts, or says what is wrong and exits with 2 or 1."""

from click.testing import CliRunner

from examples.kuairand.__main__ import main


def test_the_command_prints_the_rows_and_the_folder(source, tmp_path):
    result = CliRunner().invoke(main, [str(source), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        *("impressions: 7 rows", "clicks: 5 rows", "conversions: 4 rows"),
        str(tmp_path / "out"),
    ]


def test_missing_files_are_misuse(tmp_path):
    result = CliRunner().invoke(main, [str(tmp_path), str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "KuaiRand-Pure needs user_features_pure.csv" in result.output
    assert not (tmp_path / "out").exists()


def test_a_full_output_folder_is_misuse(source):
    result = CliRunner().invoke(main, [str(source), str(source)])
    assert result.exit_code == 2
    assert "the output must be a new or an empty folder" in result.output


def test_a_file_that_cannot_be_converted_is_a_failure_in_one_sentence(source, tmp_path):
    (source / "user_features_pure.csv").write_text("user_id,name\n1,x\n")
    result = CliRunner().invoke(main, [str(source), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "Error: user_features_pure.csv must have the column user_active_degree" in result.output


def test_help_names_the_files():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "user_features_pure.csv" in result.output
