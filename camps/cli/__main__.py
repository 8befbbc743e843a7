"""``python -m camps.cli`` is ``camps``."""

from camps.cli import main

main()
