"""What a shot asks for is in the picture: across 180°, from every list it names, with the credit of what is drawn."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_support import draw, small_shot

from camps import film, languages, maps
from camps.dates import day_of
from camps.errors import CheckError, InputError
from camps.film import passes
from camps.film.licences import credits_shown, list_licences
from camps.film.plan import plan_frames
from camps.film.subject import build_ground, build_map

GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}}


def test_the_camera_goes_the_short_way_across_180() -> None:
    keys = [
        {"at": 0, "centre": [170, 60], "zoom": 5},
        {"at": 0.2, "centre": [-170, 60], "zoom": 5, "path": "straight"},
        {"at": 0.4, "box": [170, 50, -160, 70]},
    ]
    shot = small_shot(camera=keys)
    lons = [state["lon"] for state in plan_frames(shot, build_ground(build_map(shot))).states]
    assert min(lons) == 170
    assert max(lons) == 190
    assert lons[-1] == pytest.approx(185)


@pytest.mark.browser
def test_the_world_goes_on_at_180() -> None:
    shot = small_shot(map=GROWTH, size=(480, 270), camera=[{"at": 0, "centre": [-160, 45], "zoom": 3}])
    only = [{"lon": lon, "only": [layer]} for layer in ("base", "growth", "labels") for lon in (-160, 200)]
    frames = draw(shot, only)
    for (one, west), (other, east) in zip(frames[::2], frames[1::2], strict=True):
        assert (west == east).all()
        assert one["site_ids"] == other["site_ids"]
    (_, base), (said, symbols), (_, labels) = frames[::2]
    # East Asia and its sites lie to the left of 180°, North America to the right; there is land on both sides.
    half = base.shape[1] // 2
    assert base[:, : half // 2].std() > 3
    assert base[:, half:].std() > 3
    assert said["site_ids"]
    assert symbols[..., 3].any()
    assert labels[:, :half, 3].any()
    assert labels[:, half:, 3].any()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "growth", "sources": ["gazetteer", "places"]}, r"key map.sources: found places, expected lists"),
        ({"kind": "footprints", "metric": "buildings", "where": {"tier": 1}}, r"2 faults\n.*map.metric.*\n.*map.where"),
        (
            {"kind": "growth", "pictures": "matched"},
            r"key map.pictures: found 'matched', expected kind = \"footprints\"",
        ),
        ({"kind": "sites", "metric": "buildings"}, r"key map.metric: found 'buildings', expected kind = \"growth\""),
    ],
)
def test_a_key_that_would_change_nothing_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build_map(small_shot(map=asked))


@pytest.mark.browser
def test_a_class_is_lit_and_words_follow_a_place() -> None:
    sites = {site["id"]: site for site in build_map(small_shot(map=GROWTH)).payload["sites"]}
    lit, other = (_loneliest(sites, tier) for tier in ("tier-4", "tier-2"))
    shot = small_shot(
        frames=50, size=(960, 540), map=GROWTH, camera=[{"at": 0, "fit": "xinjiang"}],
        highlight={"class": "tier-4", "dim": 0.2, "from": 1},
        callouts=[{"site": lit, "text": {"en": "Here", "fr": "Ici"}, "from": 1}],
    )  # fmt: skip
    states = plan_frames(shot, build_ground(build_map(shot))).states
    assert "highlight" not in states[20]
    assert "callouts" not in states[20]
    made = passes.build_passes(shot, [])
    assert made["beauty"].made_of.index("callouts") == made["beauty"].made_of.index("labels_en") + 1
    asked = [passes.pass_state({**states[49], **change}, made[name])
             for name, change in (("growth", {"highlight": None}), ("growth", {}), ("callouts", {}))]  # fmt: skip
    (whole, before), (_, after), (said, words) = draw(shot, asked)
    alphas = {name: [_alpha(picture, whole["points"][name]) for picture in (before, after)] for name in (lit, other)}
    assert alphas[lit][0] == alphas[lit][1] > 20
    assert alphas[other][0] > 20
    assert alphas[other][1] == pytest.approx(0.2 * alphas[other][0], abs=5)
    ((x, y, w),) = [(one["x"], one["y"], one["w"]) for one in said["texts"] if one["layer"] == "callouts"]
    place = whole["points"][lit]
    assert place[0] < x < x + w < place[0] + 64 + w + 40
    assert place[1] - 120 < y < place[1]
    assert words[..., 3].any()
    spoken = passes.build_passes(shot, ["fr"])
    ((other, _),) = draw(shot, [passes.pass_state(states[49], spoken["callouts_fr"])])
    assert [one["text"] for one in other["texts"] if one["layer"] == "callouts"] == ["Ici"]
    plain = shot.model_copy(update={"callouts": (shot.callouts[0].model_copy(update={"text": "Here"}),)})
    assert "callouts_fr" not in passes.build_passes(plain, ["fr"])


def test_a_callout_whose_place_leaves_the_picture_is_refused_before_the_first_frame() -> None:
    away = [{"at": 0, "fit": "xinjiang"}, {"at": 2, "centre": [76, 39.4], "zoom": 8, "ease": "linear"}]
    camp = {"centre": [88.2868, 43.3804], "text": "Dabancheng"}
    shot = small_shot(frames=75, map=GROWTH, camera=away, callouts=[camp])
    with pytest.raises(
        InputError, match=r"key callouts.1: found out of the picture in \d+ of 75 frames, \d+ to 1075, "
    ):
        plan_frames(shot, build_ground(build_map(shot)))
    still = small_shot(frames=75, map=GROWTH, camera=away, callouts=[{**camp, "to": 0.6}])
    assert plan_frames(still, build_ground(build_map(still))).numbers
    never = small_shot(frames=75, map=GROWTH, camera=away[1:], callouts=[camp])
    with pytest.raises(InputError, match=r"it is there at no time"):
        plan_frames(never, build_ground(build_map(never)))


@pytest.mark.parametrize("lead", [[10, 10], [-60, 60], [900, 900]])
def test_words_stand_beside_their_place_and_not_on_it(lead: list[float]) -> None:
    with pytest.raises(InputError, match=r"callouts.1.lead.*1080 lines, 30 to 900 away"):
        small_shot(callouts=[{"centre": [88, 43], "text": "A", "lead": lead}])


@pytest.mark.browser
def test_a_lead_says_where_the_words_of_a_callout_stand() -> None:
    shot = small_shot(
        frames=25, size=(960, 540), map=GROWTH, camera=[{"at": 0, "fit": "xinjiang"}],
        callouts=[{"centre": [84, 42], "text": "Here"}, {"centre": [84, 42], "text": "There", "lead": [200, -100]}],
    )  # fmt: skip
    state = plan_frames(shot, build_ground(build_map(shot))).states[12]
    ((told, _),) = draw(shot, [passes.pass_state(state, passes.build_passes(shot, [])["callouts"])])
    near, far = ({side: one[side] for side in "xyh"} for one in told["texts"])
    assert far["x"] - near["x"] == pytest.approx(200 - 64, abs=0.6)
    assert far["y"] - near["y"] == pytest.approx(100 + 64, abs=0.6)


@pytest.mark.browser
def test_furniture_that_cuts_a_symbol_in_half_stops_a_delivery(tmp_path: Path) -> None:
    shot = small_shot(
        frames=8, size=(480, 480), mode="observed", map={"kind": "growth", "where": {"admin1": "Xinjiang"}},
        camera=[{"at": 0, "fit": "sites", "margin": 0.02}],
    )  # fmt: skip
    with pytest.raises(CheckError, match=r"overlaps: .* lies over \d+ sites"):
        film.deliver(shot, tmp_path, movies=False, waive=["credit", "licences", "legible", "flips"])


@pytest.mark.browser
def test_a_footprint_map_draws_no_size_for_what_may_have_been_built() -> None:
    # The most that may stand was drawn as a ring of the size of so many buildings, which no legend explains.
    shot = small_shot(
        frames=3, size=(640, 360), mode="bracket", map={"kind": "footprints"},
        clock={"kind": "linear", "from": date(2017, 7, 9), "to": date(2017, 7, 10)},
        camera=[{"at": 0, "centre": [88.2868, 43.3804], "zoom": 10.5}],
    )  # fmt: skip
    state = plan_frames(shot, build_ground(build_map(shot))).states[1]
    ((told, picture),) = draw(shot, [passes.pass_state(state, passes.build_passes(shot, [])["outlines"])])
    assert any(piece["area_hi_m2"] > 0 for piece in told["pieces"])
    assert not picture[:120, :, 3].any()
    assert not picture[:, :200, 3].any()


def _loneliest(sites: dict[str, Any], class_: str) -> str:
    """Return the site of a class that is farthest from any other."""
    at = {name: complex(site["lon"], site["lat"]) for name, site in sites.items()}
    near = {name: min(abs(at[name] - there) for other, there in at.items() if other != name) for name in at}
    return max((name for name in at if sites[name]["class"] == class_), key=lambda name: near[name])


def _alpha(picture: Any, point: list[float]) -> int:
    x, y = (int(side / 2) for side in point[:2])
    return int(picture[y - 2 : y + 3, x - 2 : x + 3, 3].max())


def test_what_is_lit_or_pointed_to_has_to_be_on_the_map() -> None:
    asked = {
        "highlight": {"class": "tier-9"},
        "callouts": [{"site": "nowhere", "text": {"fr": "Ici"}}, {"centre": [88, 43], "text": "Here", "to": 9}],
    }
    shot = small_shot(map=GROWTH, **asked)
    with pytest.raises(InputError, match=r"callouts.3.to|key callouts.2.to: found 9 s"):
        plan_frames(shot, build_ground(build_map(shot)))
    shot = small_shot(frames=250, map=GROWTH, **asked)
    with pytest.raises(
        InputError, match=r"(?s)3 faults.*callouts.1.site.*'nowhere'.*'tier-9'.*tier-1.*callouts.1.text.*no en"
    ):
        plan_frames(shot, build_ground(build_map(shot)))


@pytest.mark.browser
def test_country_to_camp_is_never_an_empty_field() -> None:
    lon, lat, size = 88.2868, 43.3804, (480, 270)
    shot = small_shot(map=GROWTH, size=size, camera=[{"at": 0, "centre": [lon, lat], "zoom": 9}])
    frames = draw(shot, [{"zoom": zoom, "only": ["base"]} for zoom in (9, 10.5, 12, 13.5, 15)])
    for _, picture in frames:
        quarters = [half[:, side] for half in np.split(picture[..., 1], [135]) for side in np.s_[:240, 240:]]
        assert all(np.ptp(quarter) >= 4 for quarter in quarters)
    # The lines stand on whole parts of a degree.
    across = frames[-1][1][::, :, 1].min(axis=0).astype(int)
    per_degree = 256 * 2**15 / 360 / 4
    at = lon + (np.flatnonzero(across > across.min() + 4) + 0.5 - size[0] / 2) / per_degree
    assert len(at) > 2
    assert np.abs(at * 360 - np.round(at * 360)).max() < 1.5 * 360 / per_degree


PICTURED = {"map": {"kind": "footprints", "pictures": "matched"}, "size": (480, 270), "mode": "observed"}


@pytest.mark.browser
@pytest.mark.skipif(not os.environ.get("CAMPS_MIRROR"), reason="the satellite pictures need CAMPS_MIRROR")
def test_satellite_pictures_lie_under_the_outlines_and_dissolve() -> None:
    """Every pixel of the picture on the way lies between the picture before and the one after."""
    shot = small_shot(**PICTURED, camera=[{"at": 0, "centre": [88.2868, 43.3804], "zoom": 16.2}])
    meta = build_map(shot).payload["meta"]
    before, after = (meta["stop_days"][at] for at in (4, 5))
    days = [[before] * 9, [before] * 5 + [after] * 4, [after] * 9]
    asked = [{"t": listed[4], "days": listed, "only": ["base"]} for listed in days]
    one, way, other = (picture[60:200, 100:380, :3].astype(int) for _, picture in draw(shot, asked))
    assert one.std() > 10
    assert np.abs(one - other).mean() > 4
    assert ((way >= np.minimum(one, other) - 2) & (way <= np.maximum(one, other) + 2)).all()
    assert np.abs(way - (5 * one + 4 * other) / 9).max() < 3
    assert any("Sentinel" in text for text in credits_shown(meta, shot))
    states = [{"t": day, "background": "look", "layers": {}} for day in (before, after)]
    base = passes.build_passes(shot, [])["base"]
    seen = [passes.seen_state(state, base, meta["stop_days"]) for state in states]
    assert seen[0] != seen[1]


@pytest.mark.browser
def test_credit_is_given_for_what_is_drawn() -> None:
    off = {"base": False, "labels": False}
    shot = small_shot(map=GROWTH, size=(480, 270), layers=off)
    whole, bare = (
        " ".join(text["text"] for text in said["texts"] if text["layer"] == "credit")
        for said, _ in draw(shot, [{"layers": {}}, {"layers": off}])
    )
    assert "Borders" in whole
    assert "Natural Earth" in whole
    assert "Borders" not in bare
    assert "Natural Earth" not in bare
    assert not any("Natural Earth" in text for text in credits_shown(build_map(shot).payload["meta"], shot))
    assert {entry.layer for entry in list_licences(shot)} == {"growth"}


@pytest.mark.browser
def test_where_nothing_can_have_been_built_none_was_seen_in_every_language() -> None:
    asked = ["en", *(tag for tag in languages.table() if tag in maps.Words().languages and tag != "en")]
    shot = small_shot(map={"kind": "footprints"}, size=(480, 270), mode="bracket", camera=[{"at": 0, "fit": "china"}])
    first = build_map(shot).payload["meta"]["t_min"]
    frames = draw(shot, [{"t": first, "lang": tag, "only": ["counter"]} for tag in asked])
    for tag, (said, _) in zip(asked, frames, strict=True):
        shown = [text["text"] for text in said["texts"] if text["layer"] == "counter"]
        assert said["total_hi"] == 0
        assert languages.table()[tag]["none_seen"] in shown


@pytest.mark.browser
def test_a_camp_that_no_look_has_seen_yet_is_no_camp_on_the_picture() -> None:
    camera = [{"at": 0, "centre": [88.29, 43.38], "zoom": 9}]
    shot = small_shot(map={"kind": "footprints"}, size=(480, 270), camera=camera)
    found = [day_of(date.fromisoformat(text)) for text in ("2017-03-02", "2020-06-02")]
    days = [{"t": day, "days": [day]} for day in found]
    (before, empty), (_, built) = draw(shot, [{**day, "only": ["growth"], "background": "transparent"} for day in days])
    # A cross of two lines, where a disc stands later.
    assert before["total"] == 0
    assert 0 < empty[..., 3].astype(float).sum() < 0.5 * built[..., 3].astype(float).sum()
    ((told, _),) = draw(shot, days[:1])
    legend = [text["text"] for text in told["texts"] if text["layer"] == "legend"]
    assert legend == ["Security tier (ASPI)", "Tier 3", "none seen"]


@pytest.mark.browser
def test_close_by_outlines_take_the_place_of_a_symbol_and_where_none_was_seen_the_cross_stands() -> None:
    camera = [{"at": 0, "centre": [88.29, 43.38], "zoom": 14}]
    shot = small_shot(map={"kind": "footprints"}, size=(480, 270), camera=camera)
    found = [day_of(date.fromisoformat(text)) for text in ("2017-03-02", "2020-06-02")]
    days = [{"t": day, "days": [day]} for day in found]
    (_, empty), (_, built) = draw(shot, [{**day, "only": ["growth"], "background": "transparent"} for day in days])
    assert empty[..., 3].any()
    assert not built[..., 3].any()
    ((told, _),) = draw(shot, days[:1])
    legend = [text["text"] for text in told["texts"] if text["layer"] == "legend"]
    assert legend[0] == "Footprints"
    assert "none seen" in legend
