"""Work runs where it is told to, gives the same results, and stops cleanly."""

from __future__ import annotations

import asyncio
import gc
import threading

import pyarrow
import pytest

from camps import engine
from camps.errors import InputError


def test_a_coroutine_runs_where_a_loop_is_running_already() -> None:
    async def inside() -> str:
        return threading.current_thread().name

    async def outside() -> str:
        return engine.run_apart(inside())

    assert asyncio.run(outside()) == "camps-loop"


def test_the_search_for_cycles_rests_and_goes_on_even_after_an_error() -> None:
    @engine.without_cycle_search()
    def fails() -> None:
        with engine.without_cycle_search():
            assert not gc.isenabled()
        raise ValueError(f"searching: {gc.isenabled()}")

    assert gc.isenabled()
    with pytest.raises(ValueError, match="searching: False"):
        fails()
    assert gc.isenabled()


def test_arrow_takes_the_memory_of_the_system_for_a_while_and_then_its_own_again() -> None:
    own = pyarrow.default_memory_pool().backend_name

    @engine.system_memory()
    def fails() -> None:
        raise ValueError(f"memory: {pyarrow.default_memory_pool().backend_name}")

    with pytest.raises(ValueError, match="memory: system"):
        fails()
    assert pyarrow.default_memory_pool().backend_name == own


def test_the_first_error_stops_the_others_and_comes_alone() -> None:
    put_away: list[str] = []

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("the first")

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            put_away.append("tidy")

    with pytest.raises(ValueError, match="the first"):
        engine.run_apart(engine.together([waits(), fails(), waits()]))
    assert put_away == ["tidy", "tidy"]


def test_parts_are_done_here_in_order() -> None:
    assert list(engine.spread(len, ["a", "bb", "ccc"])) == [1, 2, 3]


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"nonsense://nowhere: no Dask scheduler answers there"):
        list(engine.spread(len, ["a"], cluster="nonsense://nowhere"))
