"""A Dask cluster draws the same bytes as one browser here, renders and deliveries."""

from __future__ import annotations

from pathlib import Path

import pytest
from film_support import small_shot, sums, test_page

from camps import film

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
]


def test_a_cluster_gives_the_same_bytes(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra: pip install 'camps[cluster]'")
    film.render(test_page(), tmp_path / "here", shot=small_shot(), movie=False)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        film.render(test_page(), tmp_path / "there", shot=small_shot(), cluster=address, movie=False)
        _deliver(tmp_path / "there", cluster=address)
    _deliver(tmp_path / "here")
    assert sums(tmp_path / "here") == sums(tmp_path / "there")


def _deliver(out: Path, cluster: str | None = None) -> None:
    # Movies are made of the pictures on disk, by this machine, whoever drew them.
    shot = film.read_shot("xinjiang").model_copy(update={"size": (320, 180)})
    film.deliver(shot, out, numbers=range(1120, 1123), waive=["credit"], movies=False, cluster=cluster)
