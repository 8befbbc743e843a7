"""Film a map: a shot in, the same numbered frames out every time.

::

    shot = camps.film.read_shot("first")
    result = camps.film.render(shot, "exports/frames")
"""

from camps.film.checks import report_text as report_text
from camps.film.delivery import Delivery as Delivery
from camps.film.delivery import deliver as deliver
from camps.film.delivery import list_passes as list_passes
from camps.film.delivery import plan_delivery as plan_delivery
from camps.film.licences import list_licences as list_licences
from camps.film.movie import write_movie as write_movie
from camps.film.plan import Ground as Ground
from camps.film.plan import Plan as Plan
from camps.film.plan import plan_frames as plan_frames
from camps.film.render import RenderResult as RenderResult
from camps.film.render import build_plan as build_plan
from camps.film.render import folder_name as folder_name
from camps.film.render import render as render
from camps.film.shot import Shot as Shot
from camps.film.shot import build_shot as build_shot
from camps.film.shot import build_shot_of_dates as build_shot_of_dates
from camps.film.shot import list_shots as list_shots
from camps.film.shot import read_shot as read_shot
from camps.film.stage import FilmPage as FilmPage
from camps.film.subject import sources_of as sources_of
from camps.film.trial import film_trial as film_trial

__all__ = [
    "Delivery", "FilmPage", "Ground", "Plan", "RenderResult", "Shot", "build_plan", "build_shot",
    "build_shot_of_dates", "deliver", "film_trial", "folder_name", "list_licences", "list_passes", "list_shots",
    "plan_delivery", "plan_frames", "read_shot", "render", "report_text", "sources_of", "write_movie",
]  # fmt: skip
