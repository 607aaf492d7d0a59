"""Histograms of closes and peaks."""

import numpy as np

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.histogram_bins import QUANTITIES, bin_edges, price_bin_edges
from powderkeg.kernels.reference import histograms
from tests.helpers.builders import gme_like, path_ids


def test_histograms_count_every_path_where_it_closed() -> None:
    scenario = gme_like(2, days=6, steps_per_day=4)
    out = reference.simulate(scenario, path_ids(300), trace=True)
    assert out.trace is not None
    assert (out.closes.sum(axis=-1) == 300).all() and (out.peaks.sum(axis=-1) == 300).all()
    closes = out.trace[:, 5::5].astype([(f, "f8") for f in layout.TRACE.names or ()])
    short = np.maximum(-scenario.names["book0"][:2], 0)
    values = {
        "price": np.exp(closes["log_price"]),
        "short_interest": closes["cohort"] + closes["new_shorts"] + short,
        "utilisation": closes["utilisation"],
        "borrow_fee": closes["fee"],
        "dealer_hedge": closes["hedge"],
        "implied_vol": closes["implied_vol"],
        "attention": closes["attention"],
    }
    for column, quantity in enumerate(QUANTITIES):
        edges = bin_edges(quantity)
        for day in range(6):
            for name in range(2):
                counted, _ = np.histogram(values[quantity][:, day, name], edges)
                counted = counted.astype(int)
                moved = np.abs(out.closes[day, name, column].astype(int) - counted).sum()
                assert moved <= 2, (quantity, day)  # the trace is rounded to float32


def test_price_bins_have_their_edges() -> None:
    edges = price_bin_edges()
    np.testing.assert_array_equal(histograms.price_bin(edges[:-1]), np.arange(512))
    np.testing.assert_array_equal(histograms.price_bin(edges[1:] * (1 - 1e-12)), np.arange(512))
    assert list(histograms.price_bin(np.array([1e-9, 1e9]))) == [0, 511]
