"""Schedules: against their formulas, PyTorch and scikit-learn."""

import numpy as np
import pytest

from fastdl import schedules as S


def run(schedule, n_epochs=6, n_batches=4, base=0.1, losses=None, n_samples=10):
    """All rates of a training, one row for each epoch, and the last state."""
    losses = losses or [0.0] * n_epochs
    state, rows = schedule.start(base), []
    for epoch in range(n_epochs):
        rates = schedule.rates(
            epoch, n_batches, n_epochs, base, seen=epoch * n_samples, state=state
        )
        assert rates.dtype == np.float64
        assert rates.shape in ((1,), (n_batches,))
        rows.append(np.broadcast_to(rates, n_batches))
        state = schedule.fold(state, losses[epoch])
    return np.array(rows), state


def by_epoch(schedule, **options):
    return run(schedule, **options)[0][:, 0]


def test_constant():
    np.testing.assert_array_equal(by_epoch(S.Constant()), [0.1] * 6)


def test_invscaling_is_scikit_learns():
    np.testing.assert_allclose(
        by_epoch(S.InvScaling(0.5), n_epochs=3), [0.1, 0.1 / 11**0.5, 0.1 / 21**0.5]
    )
    sgd = pytest.importorskip("sklearn.neural_network._stochastic_optimizers").SGDOptimizer
    optimizer = sgd([], 0.1, "invscaling", power_t=0.3)
    optimizer.iteration_ends(1797)
    assert S.InvScaling(0.3).rates(1, 9, 200, 0.1, seen=1797) == [optimizer.learning_rate]


def test_step():
    np.testing.assert_allclose(by_epoch(S.Step(2, 0.5)), [0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_exponential():
    np.testing.assert_allclose(by_epoch(S.Exponential(0.9)), 0.1 * 0.9 ** np.arange(6))


def test_cosine():
    rates = run(S.Cosine(final=0.1))[0].ravel()
    t = np.arange(24) / 24
    np.testing.assert_allclose(rates, 0.1 * (0.1 + 0.9 * (1 + np.cos(np.pi * t)) / 2))
    assert rates[0] == 0.1


def test_coslog():
    """Four waves, each twice as long as the one before, from 0 to base and back."""
    rates = run(S.CosLog(), n_epochs=15, n_batches=2)[0].ravel()
    t = np.arange(30) / 30
    np.testing.assert_allclose(rates, 0.1 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * t))) / 2)
    np.testing.assert_allclose(rates[[0, 2, 6, 14]], 0.0, atol=1e-15)
    assert run(S.CosLog(1), n_epochs=2, n_batches=50)[0].max() == pytest.approx(0.1, rel=1e-3)


def test_flat_cosine():
    rates = run(S.FlatCosine())[0].ravel()
    t = np.arange(24) / 24
    fall = 0.1 * (1 + np.cos(np.pi * (2 * t - 1))) / 2
    np.testing.assert_allclose(rates, np.where(t < 0.5, 0.1, fall))
    np.testing.assert_allclose(
        S.FlatCosine(0.0).rates(0, 4, 6, 0.1), S.Cosine().rates(0, 4, 6, 0.1)
    )


def test_cosine_past_the_planned_end_stays_low():
    assert S.Cosine().rates(20, 4, 10, 0.1) == pytest.approx([0.0] * 4)


def torch_rates(make, n, base=0.1):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=base)
    schedule, rates = make(torch.optim.lr_scheduler, optimizer), []
    for _ in range(n):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("schedule", "ends"),
    [
        (S.Cosine(), True),
        (S.Cosine(final=0.1), False),
        (S.OneCycle(), True),
        (S.OneCycle(initial=2.0, final=2.0), False),
        (S.WarmUp("cosine"), True),
        (S.WarmUp(), False),
        (S.Step(), False),
    ],
)
def test_a_schedule_that_ends_has_next_to_no_rate_in_the_end(schedule, ends):
    assert schedule.ends == ends
    assert not ends or schedule.rates(99, 10, 100, 1.0)[-1] <= 0.01


@pytest.mark.parametrize("rise", [0.3, 0.5, 0.02])
def test_one_cycle_is_pytorchs(rise):
    got = run(S.OneCycle(rise=rise), n_epochs=5, n_batches=20)[0].ravel()
    if rise * 100 > 2:  # PyTorch divides by 0 where the rise is a single batch
        expected = torch_rates(
            lambda s, o: s.OneCycleLR(
                o, 0.1, total_steps=101, pct_start=rise * 100 / 101, cycle_momentum=False
            ),
            100,
        )
        assert max(expected) == pytest.approx(0.1, rel=1e-2)
    exact = torch_rates(
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=100, pct_start=rise, cycle_momentum=False), 99
    )
    np.testing.assert_allclose(got[:99], exact, rtol=1e-12)
    assert got[99] == pytest.approx(0.1 / 25 / 1e4)


def test_warm_up():
    rates = run(S.WarmUp(S.Cosine(), epochs=2))[0]
    np.testing.assert_allclose(rates[:2].ravel(), 0.1 * np.arange(1, 9) / 8)
    np.testing.assert_allclose(rates[2:], run(S.Cosine(), n_epochs=4)[0])
    assert by_epoch(S.WarmUp(epochs=1))[1] == 0.1


def test_warm_up_keeps_the_state_of_what_follows():
    schedule = S.WarmUp(S.ReduceOnPlateau(patience=1), epochs=1)
    np.testing.assert_allclose(by_epoch(schedule)[1:], [0.1, 0.1, 0.01, 0.01, 0.001])


def test_adaptive_divides_and_stops():
    schedule = S.Adaptive(n_iter_no_change=1, min_rate=0.01)
    rates, state = run(schedule, n_epochs=9, losses=[1.0] * 9)
    # One epoch sets the best, two may pass, then the rate falls.
    np.testing.assert_allclose(rates[:, 0], [0.1] * 3 + [0.02] * 2 + [0.004] * 4)
    assert state.stop


def test_adaptive_is_scikit_learns():
    mlp = pytest.importorskip("sklearn.neural_network").MLPRegressor
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    options = {"tol": 1e-2, "n_iter_no_change": 3, "learning_rate_init": 0.05, "max_iter": 300}
    net = mlp(hidden_layer_sizes=(5,), solver="sgd", learning_rate="adaptive", **options)
    net.set_params(random_state=0).fit(X, y)
    schedule = S.Adaptive(tol=1e-2, n_iter_no_change=3)
    state = schedule.start(0.05)
    for loss in net.loss_curve_:
        assert not state.stop
        state = schedule.fold(state, loss)
    assert state.stop
    assert state.rate == net._optimizer.learning_rate


def test_reduce_on_plateau_is_pytorchs():
    torch = pytest.importorskip("torch")
    losses = [1.0, 0.9, 0.95, 0.89995, 0.92, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86]
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    reduce = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=1, threshold_mode="abs", min_lr=0.01
    )
    expected = []
    for loss in losses:
        expected.append(optimizer.param_groups[0]["lr"])
        reduce.step(loss)
    schedule = S.ReduceOnPlateau(factor=0.5, patience=1, min_rate=0.01)
    np.testing.assert_allclose(by_epoch(schedule, n_epochs=12, losses=losses), expected)


@pytest.mark.parametrize("name", S.BY_NAME)
def test_every_schedule_runs(name):
    rates, _ = run(S.get(name))
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert rates.max() <= 0.1 * (1 + 1e-12)


def test_a_single_epoch_of_a_single_batch():
    for name in S.BY_NAME:
        assert np.isfinite(S.get(name).rates(0, 1, 1, 0.1)).all()


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (S.Step(0), "Step: every=0; expected a positive integer."),
        (S.Cosine(2.0), "Cosine: final=2.0; expected a number from 0 to 1."),
        (S.OneCycle(rise=1), "OneCycle: rise=1; expected a number between 0 and 1."),
        (S.Adaptive(divisor=1), "Adaptive: divisor=1; expected a number above 1."),
        (S.WarmUp(S.Step(0)), "Step: every=0; expected a positive integer."),
        (S.WarmUp(epochs=-1), "WarmUp: epochs=-1; expected a positive integer."),
    ],
)
def test_messages(schedule, text):
    with pytest.raises(ValueError, match=":") as caught:
        schedule.check()
    assert str(caught.value) == text


def test_unknown_names():
    names = ", ".join(map(repr, S.BY_NAME))
    with pytest.raises(ValueError, match="learning_rate") as caught:
        S.get("cosin")
    assert str(caught.value) == (
        f"learning_rate='cosin' is not known. Did you mean 'cosine'? Choose from {names}."
    )
    with pytest.raises(TypeError) as caught:
        S.get(0.1)
    assert str(caught.value) == f"learning_rate=0.1; expected one of {names} or a Schedule."
