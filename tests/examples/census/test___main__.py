"""The command converts, or says what is wrong and exits with 2 or 1."""

from click.testing import CliRunner

from examples.census.__main__ import main


def test_the_command_prints_the_parts_and_the_folder(source, tmp_path):
    result = CliRunner().invoke(main, [str(source), str(tmp_path / "out"), "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        *("train: 5 rows", "validation: 5 rows", "test: 6 rows"),
        str(tmp_path / "out"),
    ]


def test_missing_files_are_misuse(tmp_path):
    result = CliRunner().invoke(main, [str(tmp_path), str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "Census-Income needs census-income.data" in result.output


def test_a_full_output_folder_is_misuse(source):
    result = CliRunner().invoke(main, [str(source), str(source)])
    assert result.exit_code == 2
    assert "the output must be a new or an empty folder" in result.output


def test_a_file_that_cannot_be_converted_is_a_failure_in_one_sentence(source, tmp_path):
    (source / "census-income.test").write_text("40, Private\n")
    result = CliRunner().invoke(main, [str(source), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


def test_help_names_the_spans():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "1995-01-02" in result.output
