def test_a_worker_that_is_not_told_who_trains_says_how(monkeypatch, invoke, sentence):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert "TF_CONFIG is not set" in sentence(invoke("worker"), 2)
    leader = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", leader)
    assert "start `funnelrank run` here" in sentence(invoke("worker"), 2)
