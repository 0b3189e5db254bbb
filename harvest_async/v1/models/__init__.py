"""The records of API v1 as plain values.

Rules of this room: pure, attrs classes and nothing else. The names are the contract's. Every field but the id may be
missing (None): answers are short in places, and older accounts lack newer fields. Fields that the contract does not
know are kept in `extra`; fields with a known set of words are plain text, so that a new word breaks nothing. Money and
hours are `Decimal` (hours in decimal hours), moments are aware, days are dates, times of day have no zone.
"""

from harvest_async.v1.models.account import Company, Me, Modules, ProjectManagerRights, RateLimitStatus, WhoAmI
from harvest_async.v1.models.assignments import TaskAssignment, UserAssignment
from harvest_async.v1.models.clients import Client
from harvest_async.v1.models.people import Person
from harvest_async.v1.models.projects import Project
from harvest_async.v1.models.tasks import Task
from harvest_async.v1.models.time import Daily, DayEntry, ReportEntry, TrackableProject, TrackableTask

__all__ = [
    "Client",
    "Company",
    "Daily",
    "DayEntry",
    "Me",
    "Modules",
    "Person",
    "Project",
    "ProjectManagerRights",
    "RateLimitStatus",
    "ReportEntry",
    "Task",
    "TaskAssignment",
    "TrackableProject",
    "TrackableTask",
    "UserAssignment",
    "WhoAmI",
]
