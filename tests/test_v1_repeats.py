"""What is sent again after a lost answer: exactly what the contract's `retry_safe` allows, endpoint by endpoint."""

import asyncio
import inspect
from datetime import date

import pytest

from harvest_async import OutcomeUnknown, Throttle
from harvest_async.call import Call, Upload
from harvest_async.testing import VirtualLoop
from harvest_async.v1 import calls
from tests.contract import endpoints, fits
from tests.contract.cases import CASES, Ground

ANY_DAY = date(2026, 3, 9)


def every_call(**given):
    """A call of every endpoint that the client has, by its name, with these arguments where it has them."""
    found = {}
    for name in calls.__all__:
        function = getattr(calls, name)
        if inspect.isfunction(function) and name != "raw":
            for day in (None, ANY_DAY):
                call = function(**_arguments(function, day, given))
                assert isinstance(call, Call)
                found[call.name] = call
    return found


def _arguments(function, day, own):
    given = {
        "Upload": Upload("multipart/form-data; boundary=x", b""),
        "Id": 7,
        "str": "x",
        "bool": False,
        "Mapping[str, Any]": {},
        "Query": (),
        "int": 7,
        "date": ANY_DAY,
    }
    return {
        name: own.get(name, given.get(parameter.annotation, day if parameter.annotation == "date | None" else None))
        for name, parameter in inspect.signature(function).parameters.items()
    }


@pytest.mark.parametrize("name", sorted(every_call()))
def test_a_call_is_the_contracts(name):
    """Method, path and what may be done after a lost answer are the contract's."""
    call, endpoint = every_call()[name], endpoints()[name]

    assert endpoint.method == call.method
    assert fits(endpoint.path, call.path)
    assert endpoint.repeat == call.repeat.value


def test_the_client_has_every_endpoint_of_the_contract():
    """Nothing is left out, and nothing is made up."""
    assert set(endpoints()) == set(every_call())


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(CASES))
async def test_a_lost_answer_is_followed_by_what_the_contract_allows(name, harvest_sandbox, harvest_client):
    """The call is carried out and the connection breaks: a repeatable one is sent once more, another never."""
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
    """Whether the outcome was told to be unknown."""
    try:
        await case.act(harvest, ground)
    except OutcomeUnknown:
        return True
    return False


def _glob(path):
    parts = ["*" if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)
