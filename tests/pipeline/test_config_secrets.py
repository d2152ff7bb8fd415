import pytest

from pipeline.config_secrets import secrets


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("https://reader:hunter2@store.example/logs", "the address has a password in it"),
        ("S3://key:hunter2@bucket/logs", "the address has a password in it"),
        ("https://store.example/logs?sig=hunter2", "the address has a key in it"),
        ("https://store.example/x?a=1&X-Amz-Signature=hunter2", "the address has a key in it"),
        ("--s3_secret_access_key=hunter2", "the option --s3_secret_access_key has a secret"),
        ("--azure_connection_string=hunter2", "the option --azure_connection_string has a secret"),
        ("--password=hunter2", "the option --password has a secret"),
    ],
)
def test_a_secret_is_found_wherever_it_stands_and_not_told(value, said):
    [(place, sentence)] = secrets({"a": [{"b": 1}, {"c": value}]})
    assert place == ("a", 1, "c")
    assert sentence.startswith(f"{said}: a config is kept with every run")
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    "value",
    [
        *("gs://bucket/logs", "http://host:8501/x", "s3://bucket/user@example/{SPAN}"),
        *("--worker_machine_type=n2-highmem-8", "--service_account_email=a@example.com"),
        *(
            "--dataflow_kms_key=projects/p/keys/k",
            "--token_file=/run/token",
            "--s3_access_key_id=A",
        ),
        *("FUNNELRANK_MYSQL_PASSWORD", "ctr ** 1.0", "--password", "token", 7, None),
    ],
)
def test_what_only_looks_like_one_is_left_alone(value):
    assert not list(secrets({"a": value}))
