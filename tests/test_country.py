"""A country in cells is the country at once: links, events, tracks, tiles and sums, whatever the cells."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from camps import change, cli, crs, engine, footprints, growth
from camps.errors import CheckError, InputError
from camps.footprints.tiles import tile_bounds, tile_keys
from camps.growth.uncertainty import FALSE_CHANCE

#: Tiles of 150 m, so that a few buildings lie in several.
ZOOM = 18
DATES = ("2018", "2019", "2020")
PLANE = crs.regional_crs((87.5, 43.7, 87.7, 43.9))


def town(n: int, seed: int, n_dates: int = 2) -> list[gpd.GeoDataFrame]:
    """Return buildings that come, go, grow, move a little, or are handed out as they were; some overlap."""
    chance = np.random.default_rng(seed)
    side = 24.0 * n**0.5
    centre, size = chance.uniform(-side, side, (n, 2)), chance.uniform(8, 40, (n, 2))
    stands = chance.random(n) < 0.8
    looks = []
    for _ in range(n_dates):
        half = size / 2
        outlines = shapely.box(*np.column_stack([centre - half, centre + half])[stands].T)
        looks.append(gpd.GeoDataFrame(geometry=gpd.GeoSeries(outlines, crs=PLANE).to_crs(4326), crs=4326))
        # What lies to the west is the same in the next release.
        moved = (chance.random(n) < 0.7) & (centre[:, 0] > -side / 3)
        centre = centre + np.where(moved[:, None], chance.normal(0, 1.5, (n, 2)), 0.0)
        size = np.where((moved & (chance.random(n) < 0.2))[:, None], size * (1.5, 1.0), size)
        stands = np.where(moved & (chance.random(n) < 0.2), ~stands, stands)
    return looks


def written(folder: Path, looks: Sequence[gpd.GeoDataFrame], **options: Any) -> list[Path]:
    paths = [folder / f"release-{date}.parquet" for date in DATES[: len(looks)]]
    for look, path in zip(looks, paths, strict=True):
        look.to_parquet(path, **options)
    return paths


def released(paths: Sequence[Path], **options: Any) -> list[footprints.Release]:
    return [footprints.release(path, date, gsd_m=0.5, **options) for path, date in zip(paths, DATES, strict=False)]


def at_once(paths: Sequence[Path], cut: footprints.Partition) -> tuple[change.History, pd.DataFrame]:
    dates = {path.name: date for path, date in zip(paths, DATES, strict=False)}
    series = footprints.as_looks(footprints.load(paths, observed_on=dates, gsd_m=0.5), zoom=cut.zoom)
    history = change.follow(series, register=False, centres=True, plane=cut.plane)
    return history, growth.tile_values(series, zoom=cut.zoom, plane=cut.plane)


def same(cut: footprints.Partition, whole: change.History, values: pd.DataFrame) -> None:
    """Hold every row and every number of a country in cells to those of the country at once."""
    found = change.history(cut)
    events = whole.events.assign(_at=whole.events["scene_to"])
    events = events.sort_values(["_at", "track_ids"], ignore_index=True).drop(columns="_at")
    pairs = [(whole.tracks, found.tracks), (events, found.events), (values, growth.part_values(cut))]
    names = ["footprint_id", "track_id"]
    pairs.append((pd.DataFrame(whole.footprints[names]), found.footprints[names]))
    for expected, got in pairs:
        # A column that is null throughout has no text in it to tell its type by.
        pd.testing.assert_frame_equal(expected, got, check_exact=True, check_dtype=False)


def cut_and_followed(paths: Sequence[Path], folder: Path, **options: Any) -> footprints.Partition:
    cut = footprints.partition(released(paths), folder, **{"rows": 40, "zoom": ZOOM} | options)
    change.follow_parts(cut, reach_m=5.0)
    return cut


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 120), st.integers(0, 10_000), st.sampled_from([5, 40, 10_000]), st.sampled_from([15, 17, 19]))
def test_a_country_in_cells_is_the_country_at_once(n: int, seed: int, rows: int, zoom: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        looks = town(n, seed, n_dates=2 + seed % 2)
        looks[0] = pd.concat([looks[0], town(3, seed + 1)[0]])
        if any(look.empty for look in looks):
            return
        paths = written(Path(name), looks)
        cut = cut_and_followed(paths, Path(name) / "parts", rows=rows, zoom=zoom)
        same(cut, *at_once(paths, cut))


def test_real_footprints_in_cells_are_those_at_once(tmp_path: Path) -> None:
    drawn = footprints.load().footprints
    kept = drawn[drawn["kind"].isin(footprints.BUILT)]
    dates = sorted(kept["observed_on"].unique())[-3:]
    looks = [kept.loc[kept["observed_on"].eq(date), ["geometry"]].reset_index(drop=True) for date in dates]
    paths = written(tmp_path, looks)
    cut = cut_and_followed(paths, tmp_path / "parts", rows=30)
    assert len(cut) > 3
    same(cut, *at_once(paths, cut))


def test_sums_of_a_country_do_not_depend_on_its_cells(tmp_path: Path) -> None:
    paths = written(tmp_path, town(150, 4))
    cuts = [cut_and_followed(paths, tmp_path / str(rows), rows=rows) for rows in (20, 10_000)]
    assert len(cuts[0]) > 5
    assert len(cuts[1]) == 1
    counts = [change.event_counts(cut) for cut in cuts]
    pd.testing.assert_frame_equal(*counts, check_exact=True)
    assert counts[0]["n"].sum() == len(change.history(cuts[0]).events)
    stood = [growth.part_curves(cut) for cut in cuts]
    pd.testing.assert_frame_equal(*stood, check_exact=True)
    plain = growth.curves(change.history(cuts[0]).tracks, DATES[:2])
    names = ["lower", "expected", "upper", "sd_correlated"]
    np.testing.assert_allclose(stood[0][names], plain[names], atol=0.2)


def test_parts_are_the_same_bytes_by_one_process_and_by_two(tmp_path: Path) -> None:
    paths = written(tmp_path, town(60, 8))
    for workers in (1, 2):
        cut = footprints.partition(released(paths), tmp_path / str(workers), rows=60, zoom=ZOOM, workers=workers)
        change.follow_parts(cut, workers=workers)
    one, two = (sorted((tmp_path / name).rglob("*.parquet")) for name in "12")
    assert [path.relative_to(tmp_path / "1") for path in one] == [path.relative_to(tmp_path / "2") for path in two]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_a_cluster_gives_the_same_bytes(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra: pip install 'camps[cluster]'")
    releases = released(written(tmp_path, town(40, 8)))
    change.follow_parts(footprints.partition(releases, tmp_path / "here", rows=40, zoom=ZOOM))
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        cut = footprints.partition(releases, tmp_path / "there", rows=40, zoom=ZOOM, cluster=address)
        change.follow_parts(cut, cluster=address)
    here = {path.relative_to(tmp_path / "here"): path.read_bytes() for path in (tmp_path / "here").rglob("*.parquet")}
    assert here == {path.relative_to(cut.folder): path.read_bytes() for path in cut.folder.rglob("*.parquet")}


def test_a_partition_goes_to_other_processes_without_the_tables_that_it_read(tmp_path: Path) -> None:
    cut = cut_and_followed(written(tmp_path, town(40, 8)), tmp_path / "parts")
    assert len(cut.tiles) > 0
    there = pickle.loads(pickle.dumps(cut))
    assert "tiles" in vars(cut)
    assert "tiles" not in vars(there)
    assert there.tiles.equals(cut.tiles)


def test_a_run_that_was_stopped_goes_on_from_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = written(tmp_path, town(100, 3))
    calls = []

    def stops(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(*given)

    cut = footprints.partition(released(paths), tmp_path / "parts", rows=30, zoom=ZOOM)
    plain = change.parts._own
    monkeypatch.setattr(change.parts, "_own", stops)
    with pytest.raises(KeyboardInterrupt):
        change.follow_parts(cut)
    monkeypatch.undo()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts" / "followed").glob("*/*.parquet")}
    assert done
    (tmp_path / "parts" / "followed" / ".camps-half").mkdir()
    again = footprints.partition(released(paths), tmp_path / "parts", rows=30, zoom=ZOOM)
    change.follow_parts(again)
    assert all(path.stat().st_mtime_ns == before for path, before in done.items())
    assert not list((tmp_path / "parts").glob("*/.camps-*"))
    same(again, *at_once(paths, again))


def test_parts_of_other_releases_are_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = written(tmp_path, town(20, 1))
    cut = cut_and_followed(paths, tmp_path / "parts")
    told = "other releases, options or code; name another folder"
    with pytest.raises(InputError, match=told):
        footprints.partition(released(paths), tmp_path / "parts", rows=99, zoom=ZOOM)
    with monkeypatch.context() as patched:
        patched.setattr("camps.provenance.code_sha256", lambda: "of another version")
        with pytest.raises(InputError, match=told):
            footprints.partition(released(paths), tmp_path / "parts", rows=40, zoom=ZOOM)
    with pytest.raises(InputError, match="followed otherwise"):
        change.follow_parts(cut, tau_m=1.0)


def test_each_part_is_geoparquet_that_others_read_by_its_bounds(tmp_path: Path) -> None:
    cut = cut_and_followed(written(tmp_path, town(80, 6)), tmp_path / "parts")
    path = cut.parts("cells", "footprints.parquet")[0]
    whole = gpd.read_parquet(path)
    west, south, east, north = whole.total_bounds
    part = gpd.read_parquet(path, bbox=(west, south, (west + east) / 2, north))
    assert whole.crs.to_epsg() == 4326 or whole.crs.equals("OGC:CRS84")
    assert 0 < len(part) < len(whole)


# --- faults -------------------------------------------------------------------------------------------------------


def _folder(tmp_path: Path, *looks: gpd.GeoDataFrame) -> Path:
    folder = tmp_path / "tiles"
    folder.mkdir()
    for at, look in enumerate(looks):
        look.to_parquet(folder / f"part-{at}.parquet")
    return folder


def _cut(tmp_path: Path, folder: Path, **options: Any) -> None:
    later = town(10, 2)[1]
    later.to_parquet(tmp_path / "later.parquet")
    releases = [footprints.release(folder, "2018", gsd_m=0.5, **options),
                footprints.release(tmp_path / "later.parquet", "2020", gsd_m=0.5)]  # fmt: skip
    footprints.partition(releases, tmp_path / "parts", rows=10, zoom=ZOOM)


def test_a_part_in_another_crs_is_named(tmp_path: Path) -> None:
    look = town(10, 2)[0]
    with pytest.raises(InputError, match=r"tiles/part-1.parquet: found CRS WGS 84 / UTM .* expected WGS 84"):
        _cut(tmp_path, _folder(tmp_path, look, look.to_crs(32645)))


def test_a_part_without_a_column_of_the_first_is_named(tmp_path: Path) -> None:
    look = town(10, 2)[0]
    named = look.assign(nr=[f"a{at}" for at in range(len(look))])
    with pytest.raises(InputError, match=r"tiles/part-1.parquet: found no column nr, expected it to be there"):
        _cut(tmp_path, _folder(tmp_path, named, look), columns={"footprint_id": "nr"})


def test_an_id_that_stands_in_two_parts_is_named_with_both_rows(tmp_path: Path) -> None:
    looks = [look.assign(footprint_id=[f"{name}{at}" for at in range(len(look))]) for look, name in
             zip((town(10, 2)[0], town(10, 7)[0]), "ab", strict=True)]  # fmt: skip
    looks[1].loc[3, "footprint_id"] = "a1"
    with pytest.raises(InputError, match=r"part-1.parquet row 4, .* found 'a1', as in tiles/part-0.parquet row 2"):
        _cut(tmp_path, _folder(tmp_path, *looks))


def test_rings_that_no_repair_keeps_are_named_with_file_and_row(tmp_path: Path) -> None:
    look = town(10, 2)[0]
    x, y = look.geometry.iloc[4].centroid.coords[0]
    look.loc[4, "geometry"] = shapely.Polygon([(x, y), (x + 1e-3, y), (x, y + 1e-3), (x + 1e-3, y + 1e-3), (x, y)])
    with pytest.raises(InputError, match=r"tiles/part-0.parquet row 5: found .* m² that a repair makes"):
        _cut(tmp_path, _folder(tmp_path, look, town(10, 9)[0]))


def test_bytes_that_are_no_geometry_are_named_with_file_and_row(tmp_path: Path) -> None:
    folder = _folder(tmp_path, town(10, 2)[0], town(10, 9)[0])
    table = parquet.read_table(folder / "part-1.parquet")
    broken = table["geometry"].to_pylist()
    broken[2] = b"\x01\x02"
    spoilt = table.set_column(table.schema.get_field_index("geometry"), table.schema.field("geometry"), [broken])
    parquet.write_table(spoilt, folder / "part-1.parquet")
    with pytest.raises(InputError, match=r"tiles/part-1.parquet row 3: found no geometry that can be read"):
        _cut(tmp_path, folder)


def test_releases_come_in_the_order_of_their_dates(tmp_path: Path) -> None:
    one, two = released(written(tmp_path, town(10, 2)))
    with pytest.raises(InputError, match=r"2018 after 2019, expected a later publication"):
        footprints.partition([two, one], tmp_path / "parts")


# --- releases as looks ---------------------------------------------------------------------------------------------


def _village(tmp_path: Path, *looks: list[shapely.Polygon]) -> footprints.FootprintSeries:
    frames = [gpd.GeoDataFrame(geometry=gpd.GeoSeries(list(look), crs=PLANE).to_crs(4326), crs=4326) for look in looks]
    paths = written(tmp_path, frames)
    dates = {path.name: date for path, date in zip(paths, DATES, strict=False)}
    return footprints.load(paths, observed_on=dates, gsd_m=0.5)


HOUSE, BARN, FAR = shapely.box(0, 0, 20, 20), shapely.box(40, 0, 60, 20), shapely.box(5000, 0, 5020, 20)


def test_a_tile_that_is_the_same_was_not_looked_at(tmp_path: Path) -> None:
    moved = shapely.box(0.2, 0, 20.2, 20)
    looked = footprints.as_looks(_village(tmp_path, [HOUSE, FAR], [HOUSE, FAR], [moved, BARN, FAR]), zoom=15)
    status = looked.looks.set_index(["site_id", "observed_on"])["status"].unstack()  # noqa: PD010 - of text
    assert status.to_numpy().tolist() == [
        ["observed", "not_imaged", "observed"], ["observed", "not_imaged", "not_imaged"],
    ]  # fmt: skip
    tracks = change.follow(looked, register=False, centres=True).tracks.sort_values("first_seen")
    barn = tracks[tracks["first_seen"].eq("2020")].iloc[0]
    # Nobody looked in 2019, so that it may have come at any time after 2018.
    assert (barn["L"], barn["R"]) == ("2018", "2020")
    plain = footprints.as_looks(_village(tmp_path, [HOUSE, FAR], [HOUSE, FAR], [moved, BARN, FAR]), repeats=False)
    naive = change.follow(plain, register=False, centres=True).tracks
    assert naive.loc[naive["first_seen"].eq("2020"), "L"].tolist() == ["2019"]


def test_what_is_not_in_a_tile_without_outlines_is_not_gone_unless_the_release_covers_it(tmp_path: Path) -> None:
    series = _village(tmp_path, [HOUSE, FAR], [HOUSE])
    ground = shapely.box(87, 43, 88, 44)
    for extent, expected in ((None, "unobserved"), (ground, "demolished")):
        looked = footprints.as_looks(series, zoom=15, repeats=False, extent=extent)
        events = change.follow(looked, register=False, centres=True).events
        assert sorted(events["class"]) == sorted(["persist", expected])


def test_an_outline_is_seen_where_its_tile_was_looked_at_though_most_of_it_lies_in_the_next(tmp_path: Path) -> None:
    edge = tile_bounds(tile_keys([87.6], [43.8]))[0]
    lon, lat = edge[2], (edge[1] + edge[3]) / 2
    # The middle of its bounds lies west of the edge, and most of it to the east.
    odd = shapely.Polygon([(lon - 3e-4, lat), (lon + 2.9e-4, lat + 1e-4), (lon + 2.9e-4, lat - 3e-4)])
    east, west = (
        shapely.box(lon + 0.002, lat, lon + 0.0022, lat + 2e-4),
        shapely.box(lon - 0.002, lat, lon - 0.0018, lat + 2e-4),
    )
    later = shapely.box(lon + 0.002, lat, lon + 0.0022, lat + 2.01e-4)
    looks = [
        gpd.GeoDataFrame(geometry=[odd, east, west], crs=4326),
        gpd.GeoDataFrame(geometry=[odd, later, west], crs=4326),
    ]
    paths = written(tmp_path, looks)
    cut = cut_and_followed(paths, tmp_path / "parts", zoom=14, rows=10)
    assert sorted(cut.tiles["status"]) == ["not_imaged", "observed", "observed", "observed"]
    assert sorted(change.history(cut).events["class"]) == ["persist", "unobserved", "unobserved"]
    same(cut, *at_once(paths, cut))


def test_a_release_is_as_old_as_its_oldest_image() -> None:
    assert footprints.taken("2020-06", oldest_days=365) == "2019-07-01/2020-06-30"
    assert footprints.taken("2020-06-30", oldest_days=0) == "2020-06-30"
    with pytest.raises(InputError, match="0 or more days"):
        footprints.taken("2020", oldest_days=-1)


def test_tiles_that_were_not_looked_at_have_no_value_and_leave_the_chain(tmp_path: Path) -> None:
    paths = written(tmp_path, town(80, 5, n_dates=3))
    cut = cut_and_followed(paths, tmp_path / "parts", rows=10_000)
    values = growth.part_values(cut)
    assert values["value"].isna().tolist() == values["status"].ne("observed").tolist()
    assert {"observed", "not_imaged"} <= set(values["status"])
    table = growth.aggregate(values, estimator="chain")
    assert (table["n_observed"] < table["n_sites"]).any()


def test_values_that_were_measured_otherwise_are_measured_anew(tmp_path: Path) -> None:
    looks = [look.assign(confidence="low") for look in town(80, 5)]
    cut = cut_and_followed(written(tmp_path, looks), tmp_path / "parts")
    plain = growth.part_values(cut)
    surer = growth.part_values(cut, false_chance=dict.fromkeys(FALSE_CHANCE, 0.0))
    assert surer["value"].equals(plain["value"])
    assert surer["lo"].sum() > plain["lo"].sum()
    assert growth.part_values(cut).equals(plain)


def test_tiles_go_to_the_area_that_holds_their_centre(tmp_path: Path) -> None:
    paths = written(tmp_path, town(40, 5))
    cut = cut_and_followed(paths, tmp_path / "parts")
    lon = (cut.bounds[0] + cut.bounds[2]) / 2
    areas = gpd.GeoDataFrame({"county": ["west", "east"]}, geometry=[shapely.box(87, 43, lon, 44),
                             shapely.box(lon, 43, 88, 44)], crs=4326)  # fmt: skip
    values = growth.part_values(cut, areas=areas, by="county")
    assert set(values["county"]) == {"west", "east"}
    assert values["value"].sum() == growth.part_values(cut)["value"].sum()
    with pytest.raises(InputError, match="areas: no column shire"):
        growth.part_values(cut, areas=areas, by="shire")


# --- tiles ---------------------------------------------------------------------------------------------------------


@given(st.floats(-180, 180), st.floats(-85, 85), st.integers(5, 20))
def test_a_tile_holds_the_position_that_it_is_of(lon: float, lat: float, zoom: int) -> None:
    west, south, east, north = tile_bounds(tile_keys([lon], [lat], zoom=zoom), zoom=zoom)[0]
    assert west - 1e-9 <= lon <= east + 1e-9 or west - 1e-9 <= lon + 360 <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


def test_the_curve_visits_each_tile_once_and_steps_to_a_neighbour() -> None:
    keys = np.arange(4**5)
    bounds = tile_bounds(keys, zoom=5)
    assert np.array_equal(tile_keys(bounds[:, ::2].mean(axis=1), bounds[:, 1::2].mean(axis=1), zoom=5), keys)
    steps = np.abs(np.diff(bounds[:, 0])) / (360 / 32)
    assert steps.max() == pytest.approx(1)


def test_buildings_on_both_sides_of_the_antimeridian_are_linked(tmp_path: Path) -> None:
    west, east = (
        [[lon, 66.0], [lon + 4e-4, 66.0], [lon + 4e-4, 66.0002], [lon, 66.0002]] for lon in (179.9998, -179.9999)
    )
    first = gpd.GeoDataFrame(geometry=[shapely.Polygon(west), shapely.box(179.99, 66, 179.9905, 66.0002)], crs=4326)
    later = gpd.GeoDataFrame(geometry=[shapely.Polygon(east), shapely.box(179.99, 66, 179.9906, 66.0002)], crs=4326)
    cut = footprints.partition(released(written(tmp_path, [first, later])), tmp_path / "parts", rows=1, zoom=18)
    change.follow_parts(cut, reach_m=1.0)
    assert len(change.history(cut).tracks) == 2


# --- where work runs -----------------------------------------------------------------------------------------------


def _ends_once(marker: str) -> str:
    path = Path(marker)
    if not path.exists():
        path.touch()
        os._exit(9)
    return path.name


def _always_ends(_: int) -> None:
    os._exit(9)


def test_a_part_whose_process_is_ended_is_begun_again(tmp_path: Path) -> None:
    parts = [str(tmp_path / name) for name in "ab"]
    assert sorted(engine.spread(_ends_once, parts, workers=2)) == ["a", "b"]
    with pytest.raises(CheckError, match=r"ended from outside.*2 of 2 parts left; take fewer workers"):
        list(engine.spread(_always_ends, [1, 2], workers=2))


# --- the command ---------------------------------------------------------------------------------------------------


def test_growth_of_releases_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = written(tmp_path, town(60, 5))
    asked = [
        "growth",
        "--source",
        f"{one},{two}",
        "--seen",
        "2018,2020",
        "--gsd",
        "0.5",
        "--parts",
        str(tmp_path / "p"),
    ]
    assert cli.run([*asked, "--estimator", "naive", "--by", "site", "--format", "csv"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("group,t,")
    assert "2020: " in said.err
    assert "not looked at" in said.err or "same" in said.err
    assert cli.run([*asked[:3], "--seen", "2018", "--gsd", "1"]) == 2
    assert "1 dates for 2 sources" in capsys.readouterr().err
    assert cli.run([*asked[:3], "--seen", "2018,2020"]) == 2
    assert "expected --seen DATE,… and --gsd" in capsys.readouterr().err
    assert cli.run([*asked, "--by", "county"]) == 2
    assert "expected --areas FILE" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "p")
