"""Where work runs: in this process, apart from its own event loop, or on a Dask cluster."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import multiprocessing
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from pyarrow import default_memory_pool, set_memory_pool, system_memory_pool

from camps.errors import CheckError, InputError, MissingError

Result = TypeVar("Result")
Part = TypeVar("Part")

#: How often work is begun again whose process was ended from outside, as the system does when memory runs out.
_MOST_LOST = 3


def give_back_memory() -> None:
    """Return freed memory to the system; allocators keep for themselves what a million small outlines took."""
    default_memory_pool().release_unused()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Keep Python from looking for cycles of objects: it would walk over every outline again and again."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


@contextmanager
def system_memory() -> Iterator[None]:
    """Let Arrow take memory as Python does: its own allocator has that of each large column cleared anew."""
    own = default_memory_pool()
    set_memory_pool(system_memory_pool())
    try:
        yield
    finally:
        set_memory_pool(own)


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on a loop of its own in a thread of its own and return its result.

    It works where an event loop is running already, as in a notebook. An interrupt cancels the coroutine, waits until
    it has put everything away, and is then raised here.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="camps-loop", daemon=True)
    thread.start()
    running = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return running.result()
    except BaseException:
        running.cancel()
        raise
    finally:
        asyncio.run_coroutine_threadsafe(_wind_up(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wind_up() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def together(work: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Run coroutines side by side; the first error stops the others and is raised by itself."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def spread(
    function: Callable[[Part], Result], parts: Iterable[Part], *, workers: int = 1, cluster: str | None = None
) -> Iterator[Result]:
    """Yield `function` of each part as it gets done: here, in processes of this machine, or on a Dask cluster.

    Parameters
    ----------
    function, parts
        What is done, and to what; both must be picklable for other processes and for a cluster.
    workers
        How many processes of this machine; with 1 it is done in this one, part after part.
    cluster
        Address of a Dask scheduler, such as ``"tcp://10.0.0.5:8786"``; ``None`` for this machine.

    Raises
    ------
    MissingError
        When a cluster is named and Dask is not installed.
    InputError
        When no scheduler answers at that address, or there is to be no worker.
    CheckError
        When processes are ended from outside again and again.
    """
    if workers < 1:
        raise InputError(f"workers {workers}: expected 1 or more processes")
    if cluster is None and workers > 1:
        yield from _in_processes(function, list(parts), workers)
        return
    if cluster is None:
        yield from map(function, parts)
        return
    try:
        from distributed import Client  # noqa: PLC0415 - an extra that most runs do without
    except ImportError as error:
        raise MissingError(
            "Dask is not installed; run: uv pip install 'camps[cluster]', or leave --cluster out"
        ) from error
    try:
        client = Client(cluster, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(
            f"{cluster}: no Dask scheduler answers there ({error}); start one, or leave --cluster out"
        ) from error
    with client:
        from distributed import as_completed as done  # noqa: PLC0415 - of the same extra

        for future in done(client.map(function, list(parts), pure=False)):  # type: ignore[no-untyped-call]
            yield future.result()


def _in_processes(function: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Iterator[Result]:
    left = dict(enumerate(parts))
    for _ in range(_MOST_LOST):
        # Each process begins anew: what runs in threads here, as Arrow does, does not outlive a fork.
        pool = ProcessPoolExecutor(min(workers, len(left) or 1), mp_context=multiprocessing.get_context("spawn"))
        try:
            running = {pool.submit(function, part): at for at, part in left.items()}
            for future in as_completed(running):
                result = future.result()
                del left[running[future]]
                yield result
        except BrokenProcessPool:
            continue
        finally:
            pool.shutdown(cancel_futures=True)
        return
    raise CheckError(
        f"{_MOST_LOST} times a process was ended from outside, as the system does when memory runs out, with "
        f"{len(left)} of {len(parts)} parts left; take fewer workers or smaller parts, and run it again"
    )
