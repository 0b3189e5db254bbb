"""The columns of time entries and expenses."""

from __future__ import annotations

from typing import Final

from harvest_async.importer.sources.kind import (
    DAY_SPELLINGS,
    NOTES_SPELLINGS,
    REPORT,
    STAMPS,
    WHERE,
    WHERE_SPELLINGS,
    WHO,
    WHO_SPELLINGS,
    Kind,
)
from harvest_async.importer.sources.kinds import ExpenseRow, TimeRow

__all__ = ["EXPENSE", "TIME"]

TIME: Final = Kind(
    name="time_entries",
    row=TimeRow,
    titles={
        "day": "Date", **WHERE, "task": "Task", "task_id": "Task id", "notes": "Notes", "hours": "Hours",
        "duration": "Duration", "minutes": "Minutes", "seconds": "Seconds", "started": "Start time",
        "ended": "End time", "ended_on": "End date", "begin": "Start", "end": "End", "running": "Is running",
        "break_time": "Break", "break_minutes": "Break (min)", **WHO,
    },
    needed=(("day", "begin"), ("hours", "duration", "minutes", "seconds", "ended", "end")),
    spellings={
        **WHO_SPELLINGS, **WHERE_SPELLINGS, **NOTES_SPELLINGS, **DAY_SPELLINGS, "task name": "task",
        "activity": "task", "duration (h)": "duration", "time (h)": "duration", "duration (decimal)": "hours",
        "time (decimal)": "hours", "start time": "started", "started at": "started", "end time": "ended",
        "ended at": "ended", "end date": "ended_on", "start": "begin", "stop date": "ended_on",
        "stop time": "ended", "stop": "end", "started time": "started", "ended time": "ended",
        **dict.fromkeys(("time spent (h)", "hours spent", "hours worked", "worked hours", "logged hours"), "hours"),
        "time spent": "duration", "time spent seconds": "seconds", "time spent (seconds)": "seconds",
        "is running": "running", "timer started at": "running",
        **dict.fromkeys(("break", "breaks", "break duration", "break hours", "break (h)", "break length", "lunch",
            "lunch break", "pause", "pausen", "pausenzeit", "pausendauer", "pauses"), "break_time"),
        **dict.fromkeys(("break (min)", "break (mins)", "break (minutes)", "break minutes", "break min", "pause (min)",
            "pause (minuten)", "breaks (min)", "lunch (min)"), "break_minutes"),
    },
    passed=STAMPS | REPORT | {
        "tags", "group", "type", "invoice id", "date of creation", "hours with timer", "hours without timer",
        "is billed", "is closed", "adjustment record", "hours for previously running timer", "rounded hours",
        "is locked", "locked reason", "budgeted", "external reference", "user assignment id", "task assignment id",
        "approval status", "timer started at", "is running", "external reference id", "invoice", "user assignment",
        "task assignment", "is explicitly locked",
    },
)  # fmt: skip

EXPENSE: Final = Kind(
    name="expenses",
    row=ExpenseRow,
    titles={
        "day": "Date", **WHERE, "category": "Category", "expense_category_id": "Expense category id",
        "notes": "Notes", "total_cost": "Amount", "units": "Units", "billable": "Billable", **WHO,
    },
    needed=(("day",), ("total_cost", "units")),
    spellings={
        **WHO_SPELLINGS, **WHERE_SPELLINGS, **NOTES_SPELLINGS, **DAY_SPELLINGS, "expense category": "category",
        "expense category name": "category", "category name": "category", "amount": "total_cost",
        "cost": "total_cost", "total": "total_cost", "quantity": "units", "billable?": "billable",
    },
    passed=STAMPS | (REPORT - {"billable", "billable?"}) | {
        "has receipt", "receipt url", "is closed", "is billed", "is locked", "locked reason", "invoice id",
        "company id", "reimbursable", "reimbursable?", "expense category unit name",
        "expense category unit price", "receipt", "invoice", "user assignment", "user assignment id",
        "is explicitly locked",
    },
)  # fmt: skip
