"""An import as a JSON document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from harvest_async.fastapi.imports.live import Shown

__all__ = ["ImportDocument", "ProblemOfRow", "Progress", "document_of"]


class Progress(BaseModel):
    """The progress of a phase."""

    what: str = Field(description="What is being done.")
    done: int = Field(description="Calls that are done.")
    total: int = Field(description="Calls of this part.")
    state: str | None = Field(description="An unusual state, such as an outage of the server.")


class ProblemOfRow(BaseModel):
    """A reason why a row can't be imported."""

    line: int
    row: int
    column: str
    text: str = Field(description="The text of the cell.")
    reason: str = Field(description="What is wrong, and how to correct it.")


class ImportDocument(BaseModel):
    """An import."""

    id: str
    phase: str = Field(
        description="planning, planned, running, done, stopped, cancelled, failed, undoing or undone. "
        "A planned import waits for its confirmation."
    )
    file: str
    created_at: datetime
    changed_at: datetime
    found: dict[str, str] = Field(description="What was detected about the file.")
    overview: dict[str, Any] | None = Field(description="What a run would do.")
    report: dict[str, Any] | None = Field(description="What the run did.")
    undone: dict[str, Any] | None = Field(description="What undoing it did.")
    problems: list[ProblemOfRow] = Field(description="The first 200 problems of rows.")
    problem_count: int
    error: str = Field(description="Why it failed or stopped; empty if it did not.")
    resumed: int = Field(description="How often another process continued its present phase.")
    progress: Progress | None
    links: dict[str, str] = Field(description="What can be done with it now: the path of each action.")


def document_of(now: Shown, links: dict[str, str]) -> ImportDocument:
    """Return an import as a document."""
    record = now.record
    return ImportDocument.model_validate(
        {
            "id": record.id,
            "phase": record.phase.value,
            "file": record.file,
            "created_at": datetime.fromtimestamp(record.created_at, UTC),
            "changed_at": datetime.fromtimestamp(record.changed_at, UTC),
            "found": record.found,
            "overview": record.overview,
            "report": record.report,
            "undone": record.undone,
            "problems": record.problems,
            "problem_count": record.problem_count,
            "error": record.error,
            "resumed": record.resumed,
            "progress": now.progress,
            "links": links,
        }
    )
