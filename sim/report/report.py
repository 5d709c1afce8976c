"""A whole report, as data."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import content
from .assumptions import closed_form_table, machine_table, source_table
from .attribution import Design
from .comparison import Baseline, baselines, designs
from .headline import goal_table, like_table, own_table, short_table
from .roofline import Point, Roof, points, roofline_table, roofs
from .subject import Subject, Surroundings
from .table import Table


@dataclass(frozen=True)
class Section:
    """One experiment.

    Parameters
    ----------
    subject : Subject
        What it is about.
    baselines : tuple of Baseline
        What it is compared with.
    designs : tuple of Design
        From the first baseline to ours.
    roofs, points
        Of the roofline.
    tables : tuple of Table
        All of its figures.
    """

    subject: Subject
    baselines: tuple[Baseline, ...]
    designs: tuple[Design, ...]
    roofs: tuple[Roof, ...]
    points: tuple[Point, ...]
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        """The table whose key ends so."""
        return next(table for table in self.tables if table.key.endswith(f"-{name}"))


@dataclass(frozen=True)
class Report:
    """Experiments side by side.

    Parameters
    ----------
    surroundings : Surroundings
        Energy tables and machines.
    sections : tuple of Section
        One for each experiment.
    tables : tuple of Table
        What concerns all of them: headline, goals, areas, assumptions.
    """

    surroundings: Surroundings
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]

    def table(self, key: str) -> Table:
        """One of the tables that concern all experiments."""
        return next(table for table in self.tables if table.key == key)

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """In the order of the report."""
        return (*self.tables, *(table for section in self.sections for table in section.tables))


def report(subjects: Sequence[Subject], surroundings: Surroundings) -> Report:
    """Compare experiments with all baselines."""
    sections = tuple(_section(subject, surroundings) for subject in subjects)
    compared = [(section.subject, section.baselines) for section in sections]
    configs = {subject.config.name: subject for subject in subjects}
    return Report(
        surroundings,
        sections,
        (
            own_table(compared, surroundings),
            short_table(compared, surroundings),
            goal_table(compared, surroundings),
            like_table(compared, surroundings),
            machine_table(surroundings),
            *(content.area_rows(subject) for subject in configs.values()),
            closed_form_table(subjects),
            source_table(subjects, surroundings),
        ),
    )


def _section(subject: Subject, surroundings: Surroundings) -> Section:
    found, steps = baselines(subject, surroundings), designs(subject, surroundings)
    tables = [
        content.step_table(subject, surroundings),
        content.baseline_table(subject, surroundings, found),
        content.attribution_table(subject, surroundings, steps),
        content.unit_table(subject, surroundings),
        content.phase_table(subject, surroundings),
        content.part_table(subject, surroundings),
        roofline_table(subject, surroundings, found),
    ]
    if subject.accuracies:
        tables.append(content.accuracy_table(subject, surroundings, found))
    return Section(
        subject,
        found,
        steps,
        roofs(subject, surroundings),
        points(subject, surroundings, found),
        tuple(tables),
    )
