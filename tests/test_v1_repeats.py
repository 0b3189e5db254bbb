"""What is sent again after a lost response: exactly what the contract's `retry_safe` allows, endpoint by endpoint."""

import asyncio
from datetime import date

import pytest

from harvest_async import OutcomeUnknown, Throttle
from harvest_async.call import Call, Upload
from harvest_async.v1.resources import endpoints as every_endpoint
from tests.contract import endpoints, fits
from tests.contract.cases import CASES, Ground

pytestmark = pytest.mark.virtual_time

ANY_DAY = date(2026, 3, 9)


def every_call(**query):
    """Return a call of every endpoint that the client has, by its name, with those parameters that it takes."""
    return {name: _call(endpoint, query) for name, endpoint in every_endpoint().items()}


def _call(endpoint, query):
    days = {"day_of_year": ANY_DAY.timetuple().tm_yday, "year": ANY_DAY.year}
    upload = Upload("multipart/form-data; boundary=x", b"") if endpoint.name == "receipts.attach" else None
    query = {name: value for name, value in query.items() if name in endpoint.parameters}
    fields = None if endpoint.root is None else {}
    call = endpoint(*(days.get(place, 7) for place in endpoint.places), fields=fields, upload=upload, **query)
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize("name", sorted(every_call()))
def test_a_call_is_the_contracts(name):
    """Method, path and what may be done after a lost response are the contract's."""
    call, endpoint = every_call()[name], endpoints()[name]

    assert endpoint.method == call.method
    assert fits(endpoint.path, call.path)
    assert endpoint.repeat == call.repeat.value


def test_the_client_has_every_endpoint_of_the_contract():
    """Nothing is left out, and nothing is made up."""
    assert set(endpoints()) == set(every_call())


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(CASES))
async def test_a_lost_answer_is_followed_by_what_the_contract_allows(name, harvest_sandbox, harvest_client):
    """The call is processed and the connection breaks: a repeatable one is sent once more, another never."""
    case, endpoint = CASES[name], endpoints()[name]
    throttle = Throttle(clock=asyncio.get_running_loop().clock)
    async with harvest_client(throttle=throttle) as harvest:
        ground = None if case.prepare is None else await case.prepare(Ground(harvest))
        harvest_sandbox.fault("drop_after", match={"method": endpoint.method, "path": _glob(endpoint.path)})
        before = len(harvest_sandbox.requests())
        unknown = await _act(case, harvest, ground)

    asked = harvest_sandbox.requests()[before:]
    sent = [each for each in asked if endpoint.matches(each.method, each.path)]

    assert (endpoint.repeat == "unsafe") is unknown
    assert (1 if unknown else 2) == len(sent)


async def _act(case, harvest, ground):
    """Whether the outcome was reported as unknown."""
    try:
        await case.act(harvest, ground)
    except OutcomeUnknown:
        return True
    return False


def _glob(path):
    parts = ["*" if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)
