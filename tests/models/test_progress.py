import logging

from models.progress import LOGGER, Progress


def test_the_last_step_is_told_with_steps_done_of_all(caplog):
    progress = Progress(done=2, total=4, batch_size=10)
    with caplog.at_level(logging.INFO, logger=LOGGER):
        progress.on_train_batch_end(0, {"loss": 0.5})
        progress.on_train_batch_end(1, {"loss": 0.25})
    last = caplog.records[-1]
    assert (last.done, last.total, last.loss, last.left) == (4, 4, 0.25, 0.0)
    assert last.rate > 0
    assert last.getMessage().startswith("step 4 of 4, ")


def test_no_more_than_a_record_a_second(caplog):
    progress = Progress(done=0, total=100_000, batch_size=10)
    with caplog.at_level(logging.INFO, logger=LOGGER):
        for batch in range(1000):
            progress.on_train_batch_end(batch, {"loss": 0.5})
    assert 1 <= len(caplog.records) <= 3
