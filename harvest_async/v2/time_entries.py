"""Time entries.

https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/
"""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Mapping
from typing import Any, Final, Unpack

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import UNSAFE
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import required_text
from harvest_async.errors import InvalidArgument
from harvest_async.v2.entry_refs import Ref
from harvest_async.v2.message_fields import check_unlocked
from harvest_async.v2.projects import ProjectField, ProjectId
from harvest_async.v2.references import ENDPOINTS, PAGES, Day, day_text, id_text, since_text, true_false
from harvest_async.v2.tasks import TaskField, TaskId
from harvest_async.v2.time_entry_records import (
    StartFields,
    TimeEntry,
    TimeEntryChanges,
    TimeEntryFields,
    TimeEntryFilters,
)

__all__ = ["TimeEntriesResource"]

_TIMER: Final = "use time_entries.start, restart or stop"
_NEEDED: Final = {"project_id": ProjectField, "task_id": TaskField, "spent_date": Day}
FORM: Final = form(
    "time_entries", TimeEntry, TimeEntryFields, TimeEntryChanges, _NEEDED, is_running=_TIMER, timer_started_at=_TIMER
)
_START: Final = form("time_entries", TimeEntry, StartFields, StartFields, _NEEDED, making="start")

_ONE: Final = "/time_entries/{time_entry}"
LIST: Final = ENDPOINTS.listing(
    "time_entries.list",
    "listTimeEntries",
    "/time_entries",
    TimeEntry,
    {
        "user_id": id_text,
        "client_id": id_text,
        "project_id": id_text,
        "task_id": id_text,
        "external_reference_id": required_text,
        "is_billed": true_false,
        "is_running": true_false,
        "updated_since": since_text,
        "from": day_text,
        "to": day_text,
        **PAGES,
    },
)
GET: Final = ENDPOINTS.get("time_entries.get", "retrieveTimeEntry", _ONE, TimeEntry)
CREATE: Final = ENDPOINTS.create("time_entries.create", "createTimeEntry", "/time_entries", TimeEntry)
UPDATE: Final = ENDPOINTS.update("time_entries.update", "updateTimeEntry", _ONE, TimeEntry)
DELETE: Final = ENDPOINTS.delete("time_entries.delete", "deleteTimeEntry", _ONE)
DELETE_REFERENCE: Final = ENDPOINTS.delete(
    "time_entries.delete_reference", "deleteTimeEntryExternalReference", f"{_ONE}/external_reference"
)
RESTART: Final = ENDPOINTS.update(
    "time_entries.restart",
    "restartStoppedTimeEntry",
    f"{_ONE}/restart",
    TimeEntry,
    UNSAFE,
    note="Creates a new entry in accounts that track start and end times.",
)
STOP: Final = ENDPOINTS.update("time_entries.stop", "stopRunningTimeEntry", f"{_ONE}/stop", TimeEntry)


class TimeEntriesResource(Resource):
    """Time entries. Only `start` and `restart` start a timer.

    https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/
    """

    __slots__ = ()

    def list(self, *, from_: Day | None = None, **filters: Unpack[TimeEntryFilters]) -> Listing[TimeEntry]:
        """List time entries, the latest first: all that the signed-in person may see.

        Args:
            from_: list only entries of this day and later ones.
            filters: `to`, the last day; `user_id`, `client_id`, `project_id`, `task_id`, ids or records;
                `external_reference_id`; `is_billed`; `is_running`; `updated_since`, a datetime with a time zone;
                `page` and `per_page`, 1 to 2,000.

        Raises:
            InvalidArgument: a filter is invalid.
        """
        query: dict[str, Any] = {"from": from_, **filters}
        return self._list(LIST(**query))

    async def get(self, id: Ref[TimeEntry]) -> TimeEntry:
        """Retrieve a time entry."""
        return await self._send(GET(id))

    async def create(
        self, project_id: ProjectId, task_id: TaskId, spent_date: Day, **fields: Unpack[TimeEntryFields]
    ) -> TimeEntry:
        """Create a time entry and return it. Does not start a timer; use `start` for that.

        The first use reads the company once, to learn whether the account tracks hours or start and end times.

        Args:
            project_id: the project.
            task_id: the task.
            spent_date: the day.
            fields: `hours`, or `started_time` and `ended_time` by the company's clock; `notes`; `user_id`, None for
                the signed-in person; `external_reference`.

        Raises:
            InvalidArgument: neither hours nor both times were given, or not the kind that the account tracks.
            OutcomeUnknown: the response was lost, so the entry may or may not have been created.
            CreatedUnread: the entry was created, but the response could not be read.
        """
        values = FORM.creation(_given(fields), project_id, task_id, spent_date)
        times = {"started_time", "ended_time"} & values.keys()
        if bool(times) is ("hours" in values) or len(times) == 1:
            raise InvalidArgument(
                "time_entries.create: give hours, or started_time and ended_time; to start a timer use "
                "time_entries.start"
            )
        by_times = await self._by_times()
        if by_times is not bool(times):
            kind = "start and end times: give started_time and ended_time" if by_times else "hours: give hours"
            raise InvalidArgument(f"time_entries.create: this account tracks {kind}")
        return await self._create(CREATE(fields=values))

    async def start(
        self, project_id: ProjectId, task_id: TaskId, spent_date: Day, **fields: Unpack[StartFields]
    ) -> TimeEntry:
        """Create a time entry with a running timer and return it. Another running timer of the person stops.

        Args:
            project_id: the project.
            task_id: the task.
            spent_date: the day.
            fields: `notes`, `user_id`, `external_reference`; `started_time`, only in accounts that track start and end
                times, None for now.
        """
        values = _START.creation(_given(fields), project_id, task_id, spent_date)
        if "started_time" in values and not await self._by_times():
            raise InvalidArgument("time_entries.start: this account tracks hours: leave started_time out")
        return await self._create(CREATE(fields=values))

    async def update(
        self, id: Ref[TimeEntry], changed: TimeEntry | None = None, /, **fields: Unpack[TimeEntryChanges]
    ) -> TimeEntry:
        """Change a time entry and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.

        Raises:
            InvalidArgument: a field is invalid, or the given record is locked.
        """
        values = FORM.changes(id, changed, fields)
        old = getattr(id, "external_reference", None)
        sent: Mapping[str, str] = values.get("external_reference") or {}
        if sent and old is not None and all(getattr(old, name) == text for name, text in sent.items()):
            values.pop("external_reference")
        if values:
            check_unlocked("time_entries.update", id)
        return await self._updated(id, TimeEntry, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: Ref[TimeEntry]) -> DeleteResult:
        """Delete a time entry that is not locked.

        Raises:
            InvalidArgument: the given record is locked.
        """
        check_unlocked("time_entries.delete", id)
        return await self._send(DELETE(id))

    async def delete_reference(self, id: Ref[TimeEntry]) -> DeleteResult:
        """Delete the external reference of a time entry; the entry stays."""
        return await self._send(DELETE_REFERENCE(id))

    async def restart(self, id: Ref[TimeEntry]) -> TimeEntry:
        """Start the timer of a stopped time entry again and return it. Not repeated if the response is lost.

        Raises:
            InvalidArgument: the given record runs, or is locked.
        """
        check_unlocked("time_entries.restart", id)
        if getattr(id, "is_running", None):
            raise InvalidArgument("time_entries.restart: the timer of this entry runs already")
        return await self._changed(RESTART(id), GET(id))

    async def stop(self, id: Ref[TimeEntry]) -> TimeEntry:
        """Stop the running timer of a time entry and return it.

        Raises:
            InvalidArgument: the given record does not run.
        """
        if getattr(id, "is_running", None) is False:
            raise InvalidArgument("time_entries.stop: the timer of this entry does not run")
        return await self._changed(STOP(id), GET(id))


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
