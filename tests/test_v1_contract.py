"""Every endpoint of the contract, in both formats, against the sandbox over a real socket, field by field."""

import httpx
import pytest

from harvest_async import BasicAuth, DeleteResult, HarvestV1, Throttle
from harvest_async.call import ImageResponse
from harvest_async.sandbox import Sandbox
from harvest_async.v1 import models
from tests.contract import endpoints, fields
from tests.contract.cases import CASES, Ground
from tests.contract.judge import Recorder, differences, judge_answer, judge_request, missing_fields

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

MODELS = {
    "account.company": models.Company,
    "account.user": models.Me,
    "account.company_modules": models.Modules,
    "account.user_project_manager": models.ProjectManagerRights,
    "account.who_am_i": models.WhoAmI,
    "account.rate_limit_status": models.RateLimitStatus,
    "time_tracking.day_entry": models.DayEntry,
    "time_tracking.timer": models.DayEntry,
    "time_tracking.daily": models.Daily,
    "time_tracking.trackable_project": models.TrackableProject,
    "time_tracking.trackable_task": models.TrackableTask,
    "clients": models.Client,
    "projects": models.Project,
    "tasks": models.Task,
    "people": models.Person,
    "task_assignments": models.TaskAssignment,
    "user_assignments": models.UserAssignment,
    "contacts": models.Contact,
    "expense_categories": models.ExpenseCategory,
    "expenses": models.Expense,
    "invoices": models.Invoice,
    "invoice_item_categories": models.InvoiceItemCategory,
    "invoice_messages": models.InvoiceMessage,
    "invoice_payments": models.InvoicePayment,
    "reports.day_entry": models.ReportEntry,
}


@pytest.fixture(scope="module")
def sandbox():
    """One account for all cases; each begins by resetting it."""
    made = Sandbox(calls=10_000)
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(sandbox):
    with sandbox.serve_in_thread() as address:
        yield address


def harvest_at(address, **options):
    return HarvestV1(
        "sandbox",
        auth=BasicAuth("admin@example.com", "sandbox"),
        app="tests (tests@example.com)",
        base_url=address,
        throttle=Throttle(),
        **options,
    )


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("name", sorted(CASES))
async def test_an_endpoint_is_asked_and_answered_as_the_contract_has_it(name, format, sandbox, address):
    """Path, parameters, header fields, body and response are the contract's, and the model has what the response says."""
    case, recorder = CASES[name], Recorder(httpx.AsyncHTTPTransport())
    sandbox.reset()
    async with harvest_at(address) as harvest:
        ground = None if case.prepare is None else await case.prepare(Ground(harvest))
    async with harvest_at(address, format=format, transport=recorder) as harvest:
        result = await case.act(harvest, ground)

    asked = [seen for seen in recorder.all if seen.path != "/account/rate_limit_status" or seen is recorder.all[-1]]
    records = []
    for seen in asked:
        judge_request(seen, format)
        if seen.status != httpx.codes.NOT_FOUND:  # a deleted task
            records = judge_answer(seen, format) or records

    assert name in {seen.endpoint.name for seen in asked if seen.status == seen.endpoint.success}

    models_given = result if isinstance(result, list) else [result]
    if name in {"invoice_item_categories.create", "invoice_item_categories.update"}:  # read from the list of all
        records = [record for record in records if record["id"] == result.id]
        assert records
    if records and not isinstance(result, DeleteResult | ImageResponse | None):
        assert len(records) == len(models_given)
        assert [{}] * len(records) == [
            differences(model, record) for model, record in zip(models_given, records, strict=True)
        ]


def test_every_endpoint_of_the_contract_has_a_case():
    """No endpoint is left out."""
    assert set(endpoints()) == set(CASES)


@pytest.mark.parametrize("part", sorted(fields()))
def test_a_model_has_every_field_of_the_contract(part):
    """No field of a record is left out."""
    assert missing_fields(MODELS[part], part) == set()
