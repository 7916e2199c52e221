"""The network learns what there is to learn, and is the same after a stop and from a file."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.forecast import Panel
from jaxsim.forecast.baselines import PastQuantiles
from jaxsim.forecast.choice import BestDeepAR, Ensemble, moved
from jaxsim.forecast.deepar import DeepAR
from jaxsim.forecast.evaluation import hold_out, scores
from jaxsim.forecast.features import inputs_of, names_of, window
from jaxsim.forecast.likelihoods import LIKELIHOODS
from jaxsim.forecast.model_file import load_model, save_model
from jaxsim.forecast.predicted import SCORED_LEVELS

SMALL = DeepAR(
    likelihood="negative_binomial", width=16, layers=1, samples=40, steps=300, batch=32, rate=5e-3, context=14
)


def panel(series: int = 40, periods: int = 98, seed: int = 0) -> Panel:
    """Daily Poisson demand with a weekly season that a mean over days does not see."""
    random = np.random.default_rng(seed)
    week = np.array([0.2, 0.4, 0.6, 1.0, 1.4, 1.6, 1.8])
    rate = random.uniform(5, 50, (series, 1)) * week[np.arange(periods) % 7]
    values = random.poisson(rate).astype(float)
    values[:5, :30] = np.nan
    return Panel(
        values, "day", np.array([f"P{i // 4}" for i in range(series)]), np.array([f"R{i % 4}" for i in range(series)])
    )


@pytest.fixture(scope="module")
def fitted():
    return SMALL.fit(hold_out(panel(), 7)[0], 7, seed=1)


def test_the_season_is_learned(fitted):
    history, actual = hold_out(panel(), 7)
    found = scores(fitted.predict(seed=2), actual, history)
    plain = scores(PastQuantiles()(history, 7), actual, history)
    assert found.wql < 0.5 * plain.wql
    assert 0.65 < found.coverage[80] < 0.95


def test_paths_are_counts_and_follow_from_the_seed(fitted):
    found = fitted.predict(seed=2)
    assert found.paths.shape == (40, 40, 7)
    assert (found.paths == np.maximum(np.floor(found.paths), 0)).all()
    np.testing.assert_array_equal(fitted.predict(seed=2).paths, found.paths)
    assert (fitted.predict(seed=3).paths != found.paths).any()


def test_a_model_file_forecasts_the_same(fitted, tmp_path):
    save_model(fitted, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.predict(fitted.history, seed=2).paths, fitted.predict(seed=2).paths)
    with pytest.raises(ValueError, match="needs the history"):
        again.predict()
    (tmp_path / "model.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"model\.npz is no model of a forecast"):
        load_model(tmp_path / "model.npz")


def test_a_stopped_training_goes_on_to_the_same_bits(fitted, tmp_path):
    def stop(done: int, most: int, loss: float):
        if done >= 100:
            raise KeyboardInterrupt

    file, history = tmp_path / "training.npz", fitted.history
    with pytest.raises(KeyboardInterrupt):
        SMALL.fit(history, 7, seed=1, checkpoint=file, told=stop)
    rounds = []
    again = SMALL.fit(history, 7, seed=1, checkpoint=file, told=lambda done, most, loss: rounds.append(done))
    assert rounds[0] > 100
    assert again.losses == fitted.losses
    np.testing.assert_array_equal(again.predict(seed=2).paths, fitted.predict(seed=2).paths)
    with pytest.raises(ValueError, match="of another history or other settings"):
        SMALL.fit(history, 7, seed=2, checkpoint=file)


def test_unknown_names_are_refused(fitted):
    other = dataclasses.replace(fitted.history, product=np.full(40, "P99"))
    with pytest.raises(ValueError, match="product 'P99' is not one that the model was trained on"):
        fitted.predict(other)


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.full((3, 60), np.nan), "no known units"), (np.ones((3, 14)), "14 periods is too short for a horizon of 7")],
)
def test_a_history_that_nothing_can_be_learned_from(values, message):
    with pytest.raises(ValueError, match=message):
        SMALL.fit(Panel(values, "day", np.array(["a", "b", "c"])), 7)


@pytest.mark.parametrize("change", [{"likelihood": "poisson"}, {"width": 0}])
def test_settings_out_of_range(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        DeepAR(**change)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_draws_what_it_scores_best(name):
    """The raw numbers that lose least on units of a known distribution draw that distribution."""
    likelihood, random = LIKELIHOODS[name], np.random.default_rng(0)
    units = jnp.asarray(random.negative_binomial(4, 0.2, 4000), jnp.float32)
    scale, censored = jnp.full(4000, 10.0, jnp.float32), jnp.zeros(4000, bool)
    loss = lambda raw: likelihood.loss(jnp.broadcast_to(raw, (4000, likelihood.numbers)), units, scale, censored).mean()
    slope, raw = jax.jit(jax.grad(loss)), jnp.zeros(likelihood.numbers, jnp.float32)
    mean, square = jnp.zeros_like(raw), jnp.zeros_like(raw)
    for step in range(1, 800):
        g = slope(raw)
        mean, square = 0.9 * mean + 0.1 * g, 0.99 * square + 0.01 * g**2
        raw = raw - 0.03 * (mean / (1 - 0.9**step)) / (jnp.sqrt(square / (1 - 0.99**step)) + 1e-6)
    drawn = likelihood.draw(jax.random.key(0), jnp.broadcast_to(raw, (4000, likelihood.numbers)), scale)
    levels = [0.25, 0.5, 0.75]
    off = np.abs(np.quantile(drawn, levels) - np.quantile(units, levels))
    assert off.max() <= (3.0 if name in ("gaussian", "student_t") else 1.6), off


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_censored_units_say_only_that_demand_was_as_much(name):
    likelihood = LIKELIHOODS[name]
    raw, one = jnp.zeros((2, likelihood.numbers), jnp.float32), jnp.ones(2, bool)
    units, scale = jnp.asarray([2.0, 40.0], jnp.float32), jnp.full(2, 10.0, jnp.float32)
    low, high = likelihood.loss(raw, units, scale, one)
    assert low < likelihood.loss(raw, units, scale, ~one)[0]
    assert low < high


def test_nothing_of_a_window_is_seen_before_its_period():
    history = panel()
    later = dataclasses.replace(history, values=np.where(np.arange(98) < 60, history.values, 999.0))
    names, rows = names_of(history), jnp.arange(40)
    seen = []
    for each in (history, later):
        inputs = inputs_of(each, 7, 14, names)
        seen.append(window(inputs, rows, jnp.full(40, inputs.before + 46), 14, 15).features)
    np.testing.assert_array_equal(*seen)  # the last period of the window is 60, which sees 59 at most


def test_unknown_units_are_not_zeros():
    history = panel()
    zeros = dataclasses.replace(history, values=np.nan_to_num(history.values))
    shown = []
    for each in (history, zeros):
        inputs = inputs_of(each, 7, 14, names_of(each))
        shown.append(window(inputs, jnp.arange(5), jnp.full(5, inputs.before + 25), 14, 14))
    assert (np.asarray(shown[0].scale) > np.asarray(shown[1].scale)).all()
    assert not np.asarray(shown[0].known[:, :5]).any()


def test_the_simple_form_of_the_case_study():
    simple = DeepAR(cell="lstm", layers=1, width=64, likelihood="gaussian", samples=100, steps=100)
    found = simple.fit(hold_out(panel(12), 7)[0], 7).predict(samples=30)
    assert found.paths is not None
    assert found.paths.shape == (12, 30, 7)


def test_the_better_likelihood_is_chosen():
    history, _ = hold_out(panel(), 7)
    poor = dataclasses.replace(SMALL, steps=50, rate=1e-9)
    assert BestDeepAR((poor, SMALL)).fit(history, 7, seed=1).settings == SMALL


def test_moved_paths_have_the_ensembles_quantiles_and_keep_their_ranks():
    random = np.random.default_rng(0)
    paths = random.gamma(2.0, 10.0, (3, 400, 5))
    wanted = 5.0 + 2.0 * np.moveaxis(np.quantile(paths, SCORED_LEVELS, axis=1), 0, -1)
    found = moved(paths, wanted)
    got = np.moveaxis(np.quantile(found, SCORED_LEVELS, axis=1), 0, -1)
    np.testing.assert_allclose(got, wanted, rtol=0.03)
    assert (np.argsort(found, axis=1) == np.argsort(paths, axis=1)).mean() > 0.99


def test_an_ensemble_is_the_mean_of_its_members():
    history, _ = hold_out(panel(), 7)
    short, long = PastQuantiles(periods=14), PastQuantiles()
    found = Ensemble((short, long))(history, 7)
    both = [each(history, 7).at(SCORED_LEVELS) for each in (short, long)]
    np.testing.assert_allclose(found.quantiles, np.mean(both, axis=0))
