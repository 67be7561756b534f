import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.throughput import measure_throughputs


def test_the_best_batch_after_a_warm_up():
    """A batch costs a fixed second and what is in it; the first of a size ten more."""
    seconds, seen = [0.0], set()

    def system(each):
        def call(batch):
            seconds[0] += 1.0 + each * len(batch) ** 2 + 10.0 * ((each, len(batch)) not in seen)
            seen.add((each, len(batch)))

        return call

    batches = {1: ["a", "b", "c", "d"], 2: ["ab", "cd"], 4: ["abcd"]}
    calls = {"cheap": system(0.0), "dear": system(0.3)}
    found = measure_throughputs(calls, batches, 4, clock=lambda: seconds[0])
    assert vars(found["cheap"]) == {"throughput": 4.0, "throughput_batch": 4}
    assert found["dear"].throughput_batch == 2
    assert found["dear"].throughput == pytest.approx(4 / 4.4)


@pytest.mark.parametrize(("batches", "sentences"), [({}, 1), ({1: []}, 0), ({1: ["a"], 8: []}, 1)])
def test_nothing_to_time_is_refused(batches, sentences):
    with pytest.raises(InputError, match="nothing to time"):
        measure_throughputs({"upper": str.upper}, batches, sentences)
