"""The findings behind the claims of this record: functions that compute every number that a claim prints.

Each takes the evidence and returns values by key; ``claims.toml`` names them. A name with ``_`` first is no finding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from camps import crs, film, growth, record, timeline
from camps.appendix.claims import Values
from camps.appendix.evidence import Evidence
from camps.errors import InputError

MAIN_SITE = "xj-bfn130-aspi50"
SECOND_SITE = "xj-bfn949-aspi124"

#: Two figures that AP and the footprint project published; the claims about them set ours beside theirs.
AP_ACRES = 220
M2_PER_ACRE = 4046.8564224


# --- the gazetteer --------------------------------------------------------------------------------------------------


def gazetteer_sites(evidence: Evidence) -> Values:
    """Count the sites of the record, by country, and those without a printed coordinate."""
    by_country = evidence.sites["country"].value_counts()
    return {
        "n_sites": len(evidence.sites),
        "n_china": by_country["China"],
        "n_north_korea": by_country["North Korea"],
        "n_cambodia": by_country["Cambodia"],
        "n_without": len(evidence.unplaced),
    }


def unknown_openings(evidence: Evidence) -> Values:
    """Count the sites whose opening nobody published, and those bracketed between two yearly counts."""
    opened = evidence.sites["opened"]
    return {
        "n_sites": len(opened),
        "n_unknown": int(opened.isna().sum()),
        "n_2017_2018": int((opened == "2017/2018").sum()),
        "n_2019_2020": int((opened == "2019/2020").sum()),
    }


def unseen_cells(evidence: Evidence) -> Values:
    """Count, by year, the cells that say "not available" and the blank ones among the sites that ASPI counts."""
    return _unseen(evidence.counts)


def apparent_fall_bundled(evidence: Evidence) -> Values:
    """Compare the sum of what was counted with the same sites counted each year, on the bundled record."""
    return _apparent_fall(evidence.counts)


def gcj02_offsets(evidence: Evidence) -> Values:
    """Measure how far the Chinese map datum would move the points of the record in Xinjiang."""
    sites = evidence.sites[evidence.sites["admin1"] == "Xinjiang"]
    offsets = crs.gcj02_offset_m(sites["lon"], sites["lat"])
    main = evidence.sites.set_index("site_id").loc[MAIN_SITE]
    return {
        "n_sites": len(sites),
        "least_m": float(offsets.min()),
        "median_m": float(np.median(offsets)),
        "greatest_m": float(offsets.max()),
        "main_m": float(crs.gcj02_offset_m(main["lon"], main["lat"])),
    }


def two_lists_apart(evidence: Evidence) -> Values:
    """Measure how far ASPI's point lies from BuzzFeed's for the same site, from the pairs the gazetteer records."""
    notes = evidence.printed("gazetteer").set_index("site_id")["check_note"]
    printed = notes.str.extract(r"^ASPI point (?P<lat>[0-9.]+), (?P<lon>[0-9.]+) is").dropna()
    used = evidence.sites.set_index("site_id").loc[printed.index]
    apart = crs.distance_m((used["lon"], used["lat"]), (printed["lon"].astype(float), printed["lat"].astype(float)))
    return {
        "n_pairs": len(apart),
        "median_m": float(np.median(apart)),
        "p95_m": float(np.percentile(apart, 95)),
        "greatest_m": float(apart.max()),
    }


# --- Dabancheng -----------------------------------------------------------------------------------------------------


def dabancheng_growth(evidence: Evidence) -> Values:
    """Take the main compound's roofed area and its 95 % interval at the first look, in October 2018 and at the last."""
    return {
        **_at(evidence.areas, MAIN_SITE, "2017-03-02", "first"),
        **_at(evidence.areas, MAIN_SITE, "2018-10-11", "late_2018"),
        **_at(evidence.areas, MAIN_SITE, "2020-06-02", "last"),
        "n_dates": int((evidence.areas["unit"] == MAIN_SITE).sum()),
    }


def dabancheng_second(evidence: Evidence) -> Values:
    """Take the second compound's roofed area and count the full looks at its ground that saw none of it."""
    looks = evidence.areas[evidence.areas["unit"] == SECOND_SITE]
    without = looks[(looks["status"] == "observed") & (looks["value"] == 0)]
    return {"n_without": len(without), **_at(evidence.areas, SECOND_SITE, "2020-06-02", "area")}


def dabancheng_spring_2018(evidence: Evidence) -> Values:
    """Take the number of polygons seen before and after May 2018, and how many of the lost are ever seen again."""
    of_site = evidence.built[evidence.built["site_id"] == MAIN_SITE]
    seen = {str(day): set(rows["track_id"]) for day, rows in of_site.groupby("observed_on")}
    lost = seen["2018-04-29"] - seen["2018-05-26"]
    again = lost & {track for day, tracks in seen.items() if day > "2018-05-26" for track in tracks}
    return {
        **_at(evidence.polygons, MAIN_SITE, "2018-04-29", "before"),
        **_at(evidence.polygons, MAIN_SITE, "2018-05-26", "after"),
        **_at(evidence.polygons, MAIN_SITE, "2018-06-23", "later"),
        "n_lost": len(lost),
        "n_seen_again": len(again),
        "n_never_again": len(lost - again),
    }


def dabancheng_errors_used(evidence: Evidence) -> Values:
    """Take the least and greatest error of an edge, and of the shift between two images, that the intervals use."""
    edges, shifts = evidence.built["edge_sd_m"], evidence.scenes.set_index("observed_on")["reg_sd_m"]
    usual = shifts.drop("2018-03-22")
    return {
        "least_edge_m": float(edges.min()),
        "greatest_edge_m": float(edges.max()),
        "least_shift_m": float(usual.min()),
        "greatest_shift_m": float(usual.max()),
        "snow_shift_m": float(shifts["2018-03-22"]),
    }


def dabancheng_intervals_again(evidence: Evidence) -> Values:
    """Compare the areas and intervals computed here with those that were delivered with the footprints."""
    ours = evidence.areas.set_index(["unit", "t"])
    theirs = _delivered(evidence).set_index(["site_id", "observed_on"]).loc[ours.index]
    built = theirs["built_m2"] > 0
    ends = {"lo": "built_m2_lo95", "hi": "built_m2_hi95"}
    apart = [(ours[end] - theirs[name]).abs()[built] / theirs["built_m2"][built] for end, name in ends.items()]
    percent = 100 * pd.concat(apart, axis=1).max(axis=1).to_numpy()
    from_the_smallest = percent[np.argsort(theirs.loc[built, "built_m2"].to_numpy())]
    return {
        "n_totals": int(built.sum()),
        "value_m2": float((ours["value"] - theirs["built_m2"]).abs().max()),
        "smallest_percent": float(from_the_smallest[0]),
        "others_percent": float(from_the_smallest[1:].max()),
    }


def dabancheng_enclosure(evidence: Evidence) -> Values:
    """Take the walled area of the main compound and turn AP's acres into hectares."""
    found = _at(evidence.enclosures, MAIN_SITE, "2020-06-02", "walled")
    ours, low, high = (found[name] / 1e4 for name in ("walled", "walled_lo", "walled_hi"))
    theirs = AP_ACRES * M2_PER_ACRE / 1e4
    percent = 100 * (ours / theirs - 1)
    return {
        "ours_ha": ours, "lo_ha": low, "hi_ha": high, "ap_acres": AP_ACRES, "ap_ha": theirs,
        "difference_percent": percent,
    }  # fmt: skip


def dabancheng_blind_repeat(evidence: Evidence) -> Values:
    """Compare two readings of 2 June 2020 (polygons, area, intersection over union) and of all dates read twice."""
    first, second = (frame[frame["observed_on"] == "2020-06-02"] for frame in (evidence.built, evidence.built_again))
    overlaps = evidence.agreement_iou()
    percent = {day: _percent_more(evidence, day) for day in overlaps}
    return {
        "n_first": len(first),
        "n_second": len(second),
        "iou": overlaps["2020-06-02"],
        "area_percent": percent["2020-06-02"],
        "n_dates": len(overlaps),
        "least_percent": min(percent.values()),
        "greatest_percent": max(percent.values()),
        "least_iou": min(overlaps.values()),
        "greatest_iou": max(overlaps.values()),
    }


def _percent_more(evidence: Evidence, day: str) -> float:
    """Return by how much the second reading of a date has more area than the first."""
    first, second = (
        float(crs.area_m2(frame[frame["observed_on"] == day]).sum()) for frame in (evidence.built, evidence.built_again)
    )
    return 100 * (second / first - 1)


def dabancheng_second_method(evidence: Evidence) -> Values:
    """Take what a second method extracted from the same images beside what was read by eye, at the last look."""
    table = evidence.printed("dabancheng-second-method").set_index(["site_id", "observed_on"])
    values: dict[str, float | None] = {}
    for name, site_id in (("main", MAIN_SITE), ("second", SECOND_SITE)):
        row = table.loc[(site_id, "2020-06-02")]
        values |= {
            f"{name}_area": float(row["built_m2"]), f"{name}_lo": float(row["built_m2_lo95"]),
            f"{name}_hi": float(row["built_m2_hi95"]), f"{name}_iou": float(row["iou"]),
            f"{name}_read": float(row["interpreted_m2"]),
        }  # fmt: skip
    seen = table[(table["kind"] == "observed") & (table["interpreted_m2"] != "0")]
    ious = seen.loc[MAIN_SITE, "iou"].astype(float)
    return {**values, "n_looks": len(ious), "least_iou": float(ious.min()), "greatest_iou": float(ious.max())}


def dabancheng_bias(evidence: Evidence) -> Values:
    """Work out the interval of the main compound when the bias that all edges of an image share is larger."""
    by_bias = {}
    for name, metres in (("assumed", 0.8), ("larger", 2.0)):
        tables = [
            growth.series(one.footprints, one.looks, scenes=one.scenes, edge_bias_sd_m=metres)
            for one in evidence.series.values()
        ]
        by_bias |= _at(pd.concat(tables), MAIN_SITE, "2020-06-02", name)
    return by_bias


def dabancheng_grades(evidence: Evidence) -> Values:
    """Take by how clearly they were seen the shares of the main compound's area at the last look."""
    rows = evidence.built[(evidence.built["site_id"] == MAIN_SITE) & (evidence.built["observed_on"] == "2020-06-02")]
    share = 100 * rows.groupby("confidence")["area_m2"].sum() / rows["area_m2"].sum()
    return {name: float(share.get(name, 0.0)) for name in ("high", "medium", "low")}


# --- on screen ------------------------------------------------------------------------------------------------------


def screen_xinjiang(evidence: Evidence) -> Values:
    """Take what the shot of Xinjiang says on its first and on its last frame."""
    first, last = _first_and_last(evidence, "xinjiang")
    return {
        "first_total": float(first["total"]), "first_counted": int(first["n_observed"]),
        "last_total": float(last["total"]), "last_counted": int(last["n_observed"]), "last_held": int(last["n_held"]),
        "n_sites": int(last["n_sites"]),
    }  # fmt: skip


def screen_dabancheng(evidence: Evidence) -> Values:
    """Take what the shot of Dabancheng says on its last frame, beside what was seen on that day."""
    _, last = _first_and_last(evidence, "dabancheng")
    seen = evidence.built[evidence.built["observed_on"] == "2020-06-02"]
    return {
        "total_m2": float(last["total"]), "seen_m2": float(crs.area_m2(seen).sum()),
        "unobserved_m2": float(last["total"]) - float(last["total_lo"]),
    }  # fmt: skip


def screen_archipelago(evidence: Evidence) -> Values:
    """Take what the shot of the chapters says on its last frame: places open, and those last known open before."""
    _, last = _first_and_last(evidence, "archipelago")
    return {name: int(last[name]) for name in ("n_open", "n_sites", "n_last_known")}


def _first_and_last(evidence: Evidence, name: str) -> tuple[dict[str, str], dict[str, str]]:
    shot = film.read_shot(name)
    numbers = [shot.numbers[0], shot.numbers[-1]]
    rows = evidence.screen(shot).rows(numbers)
    return rows[numbers[0]], rows[numbers[1]]


def web_mercator_slip(evidence: Evidence) -> Values:
    """Measure how much an area taken in Web Mercator would overstate the main compound."""
    of_site = evidence.built[evidence.built["site_id"] == MAIN_SITE]
    shapes = of_site.loc[of_site["observed_on"] == "2020-06-02", "geometry"]
    true, wrong = float(crs.area_m2(shapes).sum()), float(shapes.to_crs(3857).area.sum())
    return {"true_m2": true, "wrong_m2": wrong, "percent": 100 * (wrong / true - 1)}


def published_percent_slip(_: Evidence) -> Values:
    """Work out the increase from the two published areas, and the "to x %" that was printed as an increase."""
    before, after = 7_000, 172_850
    return {
        "before_m2": before,
        "after_m2": after,
        "increase_percent": growth.increase_percent(before, after),
        "to_percent": growth.percent_of(before, after),
    }


# --- the published lists --------------------------------------------------------------------------------------------


def apparent_fall_aspi(evidence: Evidence) -> Values:
    """Compare the sum of what was counted with the same sites counted each year, on the full ASPI list."""
    return _apparent_fall(evidence.published_counts("aspi-xjdp-v1"))


def chain_index_aspi(evidence: Evidence) -> Values:
    """Chain the counts of the full ASPI list from year to year, with the bootstrap interval of 2020."""
    return _by_year(growth.aggregate(evidence.published_counts("aspi-xjdp-v1"), estimator="chain"), "chain")


def unseen_cells_aspi(evidence: Evidence) -> Values:
    """Count, by year, the cells of the full ASPI list that say "not available" and the blank ones."""
    return _unseen(evidence.published_counts("aspi-xjdp-v1"))


def decreases_aspi(evidence: Evidence) -> Values:
    """Count the sites of the full ASPI list whose number of buildings ever fell between two counts."""
    counts = evidence.published_counts("aspi-xjdp-v1")
    seen = counts.dropna(subset="value").sort_values(["unit", "t"])
    fell = seen.loc[seen.groupby("unit")["value"].diff() < 0, "unit"]
    return {"n_sites": counts["unit"].nunique(), "n_fell": fell.nunique()}


def selection_of_the_record(evidence: Evidence) -> Values:
    """Set the growth of the counted sites of the record beside that of the whole list they come from."""
    values: dict[str, float | None] = {}
    for name, counts in (("ours", evidence.counts), ("all", evidence.published_counts("aspi-xjdp-v1"))):
        panel, chain = (_by_year(growth.aggregate(counts, estimator=one), one) for one in ("panel", "chain"))
        rise = growth.increase_percent(panel["panel_2017"], panel["panel_2020"])  # type: ignore[arg-type]
        values |= {f"{name}_percent": rise, f"{name}_chain": chain["chain_2020"], f"{name}_panel": panel["n_panel"]}
        values[f"{name}_sites"] = counts["unit"].nunique()
    return values


def marks_of_winding_down(evidence: Evidence) -> Values:
    """Count what ASPI marks as desecuritised or decommissioned, and the cells that say nothing of it."""
    listed = evidence.published_list("aspi-xjdp-v1").raw
    safer, ended = listed["Desecuritisation"].str.strip(), listed["Any signs of decomissioning"].str.strip()
    return {
        "n_sites": len(listed), "n_desecuritised": int((safer == "1").sum()), "n_ended": int((ended == "1").sum()),
        "blank_desecuritised": int((safer == "").sum()), "blank_ended": int((ended == "").sum()),
    }  # fmt: skip


def dates_of_aspi_images(evidence: Evidence) -> Values:
    """Hold the counts of 2020 against the year that ASPI gives of the latest image of each site."""
    listed = evidence.published_list("aspi-xjdp-v1").raw
    count, image = listed["Number of Buildings in 2020"].str.strip(), listed["Date of Latest Sat Imagery"].str.strip()
    absent, counted = count.isin(["N/A", "#N/A"]), count.str.fullmatch("[0-9]+")
    before = image.str.match("1[0-9]-")
    return {
        "n_absent": int(absent.sum()), "n_absent_imaged": int((absent & image.str.match("20-")).sum()),
        "n_counted": int(counted.sum()), "n_counted_before": int((counted & before).sum()),
        "n_counted_blank": int((counted & (image == "")).sum()),
    }  # fmt: skip


def closed_by_buzzfeed(evidence: Evidence) -> Values:
    """Count what the lists of BuzzFeed News call closed, on the full list and among the sites of the record."""
    level = evidence.published_list("buzzfeed-2021").raw["corroboration level"].str.strip()
    ours = evidence.printed("gazetteer")
    ours = ours[ours["aspi_number"] != ""]
    return {
        "n_closed": int((level == "closed").sum()), "n_probably": int((level == "probably closed").sum()),
        "n_ours": len(ours),
        "n_ours_2020": int(ours["bfn_corroboration_2020"].str.contains("closed").sum()),
        "n_ours_2021": int(ours["bfn_corroboration_2021"].str.contains("closed").sum()),
    }  # fmt: skip


def buzzfeed_ratings(evidence: Evidence) -> Values:
    """Count the compounds of BuzzFeed's list of 2021 by how well they are supported."""
    rating = evidence.published_list("buzzfeed-2021").raw["corroboration level"].str.strip()
    strong, medium = "Satellite - strong", "Satellite - medium"
    corroborated, n_strong, n_medium = (int((rating == level).sum()) for level in ("corroborated", strong, medium))
    return {
        "corroborated": corroborated,
        "strong": n_strong,
        "medium": n_medium,
        "total": corroborated + n_strong + n_medium,
    }


def two_lists_apart_full(evidence: Evidence) -> Values:
    """Measure how far ASPI's point lies from BuzzFeed's for each compound of which BuzzFeed prints the ASPI number."""
    theirs = evidence.published_list("buzzfeed-2021").raw
    ours = evidence.published_list("aspi-xjdp-v1").raw.set_index("Number")
    pairs = theirs[theirs["ASPI 2020 #"].str.strip().isin(ours.index)]
    matched = ours.loc[pairs["ASPI 2020 #"].str.strip().to_list()]
    apart = crs.distance_m(
        (_degrees(pairs["long"]), _degrees(pairs["lat"])), (_degrees(matched["Long"]), _degrees(matched["Lat"]))
    )
    return {
        "n_pairs": len(apart),
        "median_m": float(np.median(apart)),
        "p95_m": float(np.percentile(apart, 95)),
        "greatest_m": float(apart.max()),
    }


#: Points (longitude, latitude) that the Global Times is quoted as giving for places of ASPI's list.
QUOTED = ((77.7056, 38.8367), (77.6682, 38.9950), (78.5501, 39.8252), (77.6153, 38.9046))


def quoted_coordinates(evidence: Evidence) -> Values:
    """Measure how far coordinates quoted against ASPI's list lie from its nearest points, and the datum's offset."""
    listed = evidence.published_list("aspi-xjdp-v1").raw
    lon, lat = _degrees(listed["Long"]), _degrees(listed["Lat"])
    apart = [crs.distance_m((np.full(len(lon), x), np.full(len(lat), y)), (lon, lat)) for x, y in QUOTED]
    nearest = [int(distances.argmin()) for distances in apart]
    offsets = crs.gcj02_offset_m(lon[nearest], lat[nearest])
    return {
        "n_points": len(QUOTED),
        "greatest_m": max(float(distances.min()) for distances in apart),
        "least_offset_m": float(offsets.min()),
        "greatest_offset_m": float(offsets.max()),
    }


# --- passages of the film -------------------------------------------------------------------------------------------

#: The room that AP reports for the camp at Dabancheng.
REPORTED_ROOM = 10_000
AREA_LISTS = ("prisons", "state-register")


def mapped_in_xinjiang(evidence: Evidence) -> Values:
    """Count the places that three published lists map in Xinjiang."""
    return {
        "n_aspi": len(evidence.published_list("aspi-xjdp-v1").sites),
        "n_buzzfeed": buzzfeed_ratings(evidence)["total"],
        "n_osm": len(evidence.published_list("osm-camps-2021").sites),
    }


def roof_for_reported_room(evidence: Evidence) -> Values:
    """Divide the roofed area of the main compound at Dabancheng by the room that is reported for it."""
    values = _at(evidence.areas, MAIN_SITE, "2020-06-02", "area_m2")
    return {**values, "room": REPORTED_ROOM, **{f"{key}_each": area / REPORTED_ROOM for key, area in values.items()}}


def dated_places(evidence: Evidence) -> Values:
    """Count the dated places of the prison lists, by chapter, and those of all lists from 1949 to 2012."""
    opened = evidence.printed("prisons")["opened"]
    year = pd.to_numeric(opened[opened != ""].str[:4])
    spans = {"before_1949": (1, 1948), "to_1957": (1949, 1957), "to_1976": (1958, 1976), "to_1989": (1977, 1989)}
    by_chapter = {name: int(year.between(*span).sum()) for name, span in spans.items()}
    return {"n_listed": len(opened), "n_dated": len(year), "after_1989": int((year > 1989).sum()), **by_chapter}


def five_years(evidence: Evidence) -> Values:
    """Count the dated places by chapter, and those open on 1 July five and eight years after a beginning."""
    evidence.published_list("ss-camps")
    table = _compared("laogai", "ss-camps")
    most = int(table.loc[table["system"].eq("ss-camps")].sort_values("lo")["year"].iloc[-1])
    return {
        **dated_places(evidence),
        **_open_in(table, "laogai", 1954, "laogai"),
        **_open_in(table, "ss-camps", 1941, "ss"),
        **_open_in(table, "ss-camps", most, "ss_most"),
    }


def most_open(evidence: Evidence) -> Values:
    """Count, of three systems, the places open in the middle of the year in which most are known to have been open."""
    table = _compared("laogai", "kampuchea", "north-korea")
    rows = table.sort_values("lo", kind="stable").groupby("system", sort=False).tail(1).set_index("system")
    return {
        key: value
        for system, prefix in (("laogai", "laogai"), ("kampuchea", "kampuchea"), ("north-korea", "korea"))
        for key, value in _open_in(table, system, int(rows.loc[system, "year"]), prefix).items()
    }


def _compared(*names: str) -> pd.DataFrame:
    return timeline.compare_systems({name: record.current().systems[name] for name in names})


def _open_in(table: pd.DataFrame, system: str, year: int, prefix: str) -> Values:
    row = table[table["system"].eq(system) & table["year"].eq(year)].iloc[0]
    return {f"{prefix}_{name}": int(row[name]) for name in ("year", "lo", "hi", "n_places", "n_unknown")}


def enterprises(evidence: Evidence) -> Values:
    """Count the rows of the prison lists with an enterprise, and the import bans on penal enterprises 1991 to 1996."""
    prisons, banned = evidence.printed("prisons"), _bans(evidence)
    early = banned[banned["date"].lt("1997")]
    return {
        "n_listed": len(prisons),
        "n_enterprise": int(prisons["enterprise"].ne("").sum()),
        "n_entries": len(banned),
        "n_banned": int(early["status"].eq("WRO").sum()),
        "n_early_entries": len(early),
        "n_by_1995": int((early["status"].eq("WRO") & early["date"].lt("1996")).sum()),
        "n_in_1995": int((early["status"].eq("WRO") & early["date"].str[:4].eq("1995")).sum()),
    }


def tibet_and_hong_kong(evidence: Evidence) -> Values:
    """Count the rows of the lists that lie in Tibet, and those in Hong Kong."""
    lists = [evidence.printed(name) for name in AREA_LISTS]
    provinces = pd.concat([rows["admin1"] for rows in lists] + [evidence.sites["admin1"]])
    return {
        "n_tibet": int(lists[0]["admin1"].eq("Tibet").sum()),
        "n_hong_kong": int(provinces.eq("Hong Kong").sum()),
        "n_rows": len(provinces),
    }


def laojiao_units(evidence: Evidence) -> Values:
    """Count the laojiao units of both lists, and those renamed a drug-isolation centre between two editions."""
    register, prisons = evidence.printed("state-register"), evidence.printed("prisons")
    renamed = register["note"].str.contains("earlier named.*劳动教养") & register["name_zh"].str.contains("戒毒")
    return {
        "n_register": int(register["system"].eq("laojiao").sum()),
        "n_prisons": int(prisons["system"].eq("laojiao").sum()),
        "n_renamed": int(renamed.sum()),
    }


def _bans(evidence: Evidence) -> pd.DataFrame:
    events = evidence.printed("events")
    return events[events["kind"] == "import ban"]


# --- steps ----------------------------------------------------------------------------------------------------------


def _delivered(evidence: Evidence) -> pd.DataFrame:
    """Return the totals that were delivered with the footprints, with the intervals given there."""
    return pd.read_csv(evidence.inputs.path("dabancheng-series"))


def _degrees(printed: pd.Series) -> np.ndarray:
    return printed.str.replace(",", ".").astype(float).to_numpy()


def _apparent_fall(counts: pd.DataFrame) -> Values:
    naive = _by_year(growth.aggregate(counts, estimator="naive"), "naive")
    panel = _by_year(growth.aggregate(counts, estimator="panel"), "panel")
    fall = 100 * (naive["naive_2020"] / naive["naive_2019"] - 1)  # type: ignore[operator]
    rise = 100 * (panel["panel_2020"] / panel["panel_2019"] - 1)  # type: ignore[operator]
    seen = {f"n_seen_{t}": int(rows["value"].notna().sum()) for t, rows in counts.groupby("t")}
    return {**_unseen(counts), **naive, **panel, **seen, "fall_percent": abs(fall), "rise_percent": rise}


def _by_year(table: pd.DataFrame, prefix: str) -> dict[str, float | None]:
    values: dict[str, float | None] = {"n_panel": None}
    for row in table.to_dict("records"):
        values[f"{prefix}_{row['t']}"] = row["value"]
        values[f"{prefix}_{row['t']}_lo"], values[f"{prefix}_{row['t']}_hi"] = row["lo"], row["hi"]
        values["n_panel"] = row["n_matched"]
    return values


def _unseen(counts: pd.DataFrame) -> Values:
    cells = counts["verbatim"].fillna("").str.strip()
    printed_na, blank = cells.isin(["N/A", "#N/A"]), cells == ""
    values: dict[str, float | None] = {"n_sites": counts["unit"].nunique()}
    for t in sorted(counts["t"].unique()):
        of_year = counts["t"] == t
        values[f"na_{t}"], values[f"blank_{t}"] = int((of_year & printed_na).sum()), int((of_year & blank).sum())
    return values


def _at(table: pd.DataFrame, unit: str, day: str, name: str) -> dict[str, float]:
    """Return value, lo and hi of one site at one look; an error where nobody looked, for then nothing is known."""
    found = table[(table["unit"] == unit) & (table["t"] == day)]
    if found.empty:
        raise InputError(f"{unit}: nobody looked on {day}, so its value then is unknown; choose a date of the looks")
    row = found.iloc[0]
    return {name: float(row["value"]), f"{name}_lo": float(row["lo"]), f"{name}_hi": float(row["hi"])}
