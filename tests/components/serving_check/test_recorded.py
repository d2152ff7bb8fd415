import tensorflow as tf

from components.serving_check.recorded import ranked, recorded, trying_requests, warm_up_requests


def test_the_warm_up_asks_each_door_about_the_first_rows_of_the_largest(shop):
    found = warm_up_requests(shop.settings().asker(), shop.rows)
    assert list(found) == [
        f"{door}/{size}"
        for size in (1, 8, 64, 512)
        for door in ("serving_default", "predict_columns", "rank")
    ]
    whole = found["serving_default/512"].inputs["examples"].numpy().tolist()
    assert whole == (list(shop.rows) * 171)[:512]
    assert found["serving_default/8"].inputs["examples"].numpy().tolist() == whole[:8]


def test_the_warm_up_is_found_among_all_that_a_trial_asks(shop):
    asker = shop.settings().asker()
    warm_up = warm_up_requests(asker, shop.rows)
    everything = trying_requests(asker, shop.rows, 64, ()) | warm_up
    assert recorded(everything) == list(warm_up.values())


def test_the_timed_requests_come_first_and_have_as_many_rows_as_are_told(shop):
    found = trying_requests(shop.settings().asker(), shop.rows, 7, ())
    assert list(found)[:3] == ["serving_default/timed", "predict_columns/timed", "rank/timed"]
    assert [found[name].rows for name in list(found)[:6]] == [7, 7, 7, 0, 0, 0]


def test_what_rank_is_asked_in_turn_is_asked_of_serving_default_at_once(shop):
    asker = shop.settings().asker()
    found = warm_up_requests(asker, shop.rows) | trying_requests(asker, shop.rows, 1, ())
    asked = [found[name] for name in ranked(found)]
    expanded = found["serving_default/expanded"]
    assert [request.rows for request in asked] == [512] + 15 * [32]
    assert expanded.rows == 512 + 15 * 32
    rows = tf.io.parse_example(
        expanded.inputs["examples"],
        {
            "age": tf.io.FixedLenFeature([], tf.float32, -1.0),
            "item": tf.io.FixedLenFeature([], tf.string),
        },
    )
    items = tf.concat([request.inputs["item"] for request in asked], 0)
    assert rows["item"].numpy().tolist() == items.numpy().tolist()
    # The second user has no age; the others follow one another, with 32 candidates each.
    assert (
        rows["age"].numpy().tolist() == [20.0] * 512 + ([-1.0] * 32 + [60.0] * 32 + [20.0] * 32) * 5
    )


def test_other_weights_are_asked_only_where_there_are_some(shop):
    asker = shop.settings().asker()
    assert "rank/weighted" not in trying_requests(asker, shop.rows, 1, ())
    found = trying_requests(asker, shop.rows, 1, (0.25,))["rank/weighted"]
    assert found.inputs["score_weights"].numpy().tolist() == [0.25]
    assert found.rows == 512
