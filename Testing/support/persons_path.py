"""One person's way through the panel, from an empty Slicer to a study found again, with real workers.

python Testing/support/persons_path.py FOLDER [--minutes 0.1]     in a process that has imported nothing else

Every step asserts what it does to the scene and to the files. `Person.look` is called when there is something to see.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.person import Person

REPOSITORY = Path(__file__).parents[2]
FOUND = "everything was found again"


def go(home: Path, minutes: float, look: Callable[[str, Any], None] = lambda _name, _widget: None) -> Person:
    """The whole way; the person at the end of it."""
    from support.person import Person
    from support.persons_scans import lay_out

    references, structures = lay_out(home, thin=True)
    person = Person(home, references, structures, look)
    person.make_study()
    person.label()
    person.train(minutes)
    after_training(person)
    return person


def after_training(person: Person) -> None:
    """What follows when the training has ended."""
    person.accept(person.review())
    person.correct()
    person.open_next_with_a_reason()
    person.segment_folder()
    person.close_scene_and_come_back()


def main(given: Iterable[str]) -> int:
    from host import dialogs, ending

    from support.person_at_panel import nothing_forbidden

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=0.1)
    asked = parser.parse_args(list(given))
    person = go(asked.folder, asked.minutes, lambda name, _widget: print(name, flush=True))
    person.application.unload("DualSSLSeg")
    nothing_forbidden()
    problems = [*person.application.errors, *dialogs.unused()]
    print("\n".join(problems) or FOUND)
    ending.finish(int(bool(problems)))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "Testing")]
    main(sys.argv[1:])
