import contextlib

import pytest

from components.atomic_pusher.serving_lock import serving_lock


def test_one_process_at_a_time_changes_the_versions(tmp_path):
    class Waits(Exception):
        pass

    def refuse(holder):
        raise Waits(holder)

    with serving_lock(str(tmp_path), refuse):
        assert (tmp_path / ".lock").exists()
        with pytest.raises(Waits, match="process"), serving_lock(str(tmp_path), refuse):
            pass
    with serving_lock(str(tmp_path), refuse):
        pass


def test_an_object_store_has_no_lock():
    assert isinstance(serving_lock("gs://shop/serving", print), contextlib.nullcontext)
