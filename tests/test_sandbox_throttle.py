"""The throttle as a caller meets it: refusals, the status call, and the switches."""

import pytest

from harvest_async.sandbox import Sandbox
from tests.support.sandbox import Caller, clock_of, new_sandbox

STATUS = "/account/rate_limit_status"


@pytest.fixture
def sandbox():
    made = new_sandbox(calls=3, period=10)
    yield made
    made.close()


def spend_all(call, times=3):
    return [call.get("/account/who_am_i").status_code for _ in range(times)]


def test_a_refusal_says_how_long_to_wait(sandbox):
    """Status, header and body agree, in JSON and in XML."""
    call = Caller(sandbox)
    spend_all(call)
    json, xml = call.get("/clients"), Caller(sandbox, format="xml").get("/clients")

    assert (json.status_code, json.headers["retry-after"]) == (503, "10")
    assert json.json() == {"message": "This request has been throttled.", "retry_after": 10}
    assert xml.headers["content-type"] == "application/xml; charset=utf-8"
    assert '<retry-after type="integer">10</retry-after>' in xml.text


def test_a_refused_call_is_not_carried_out(sandbox):
    """What was refused has left no trace in the account."""
    call = Caller(sandbox)
    spend_all(call)
    refused = call.post("/clients", {"client": {"name": "ACME"}})

    assert refused.status_code == 503
    assert sandbox.world.clients() == []


def test_every_call_counts_callers_who_makes_it(sandbox):
    """The limit is the account's: wrong credentials, unknown paths and the authorization server count, too."""
    nobody = Caller(sandbox, email="nobody@example.com")

    assert nobody.get("/clients").status_code == 401
    assert Caller(sandbox).get("/nowhere").status_code == 404
    assert nobody.get("/oauth2/authorize").status_code == 400
    assert Caller(sandbox).get("/clients").status_code == 503


def test_waiting_as_requested_ends_the_lockout(sandbox):
    """After Retry-After the account is open again."""
    call = Caller(sandbox)
    spend_all(call)
    clock_of(sandbox).advance(4)
    call.get("/clients")
    clock_of(sandbox).advance(9)
    call.get("/clients")
    clock_of(sandbox).advance(10)

    assert call.get("/clients").status_code == 200
    assert (sandbox.throttled(), sandbox.lockouts()) == (2, 1)


def test_the_status_tells_the_truth(sandbox):
    """It counts itself, and returns the numbers that the throttle really has."""
    call = Caller(sandbox)
    call.get("/clients")
    clock_of(sandbox).advance(2)
    returned = call.get(STATUS)

    assert returned.json() == {
        "lockout_seconds": 10,
        "last_access_at": "2026-01-05T14:30:02+00:00",
        "max_calls": 3,
        "count": 2,
        "timeframe_limit": 10,
        "requests_available": 1,
    }


def test_the_status_in_xml_is_a_hash(sandbox):
    """It has the root that bare objects have."""
    text = Caller(sandbox, format="xml").get(STATUS).text

    assert '<hash><lockout-seconds type="integer">10</lockout-seconds>' in text


def test_the_status_is_counted_and_refused_like_any_other(sandbox):
    """Polling the status prolongs a lockout."""
    call = Caller(sandbox)
    answers = [call.get(STATUS).status_code for _ in range(4)]
    clock_of(sandbox).advance(9)
    call.get(STATUS)
    clock_of(sandbox).advance(9)

    assert answers == [200, 200, 200, 503]
    assert call.get("/clients").status_code == 503


def test_with_the_switch_off_the_status_is_not_counted():
    """An uncounted status call costs nothing, does not prolong, and is still refused in a lockout."""
    sandbox = new_sandbox(calls=2, period=10, status_counts=False)
    call = Caller(sandbox)
    returned = [call.get(STATUS).json() for _ in range(5)][-1]
    spend_all(call, 3)
    clock_of(sandbox).advance(9)
    refused = call.get(STATUS)
    clock_of(sandbox).advance(1)

    assert (returned["count"], returned["last_access_at"]) == (0, None)
    assert refused.status_code == 503
    assert call.get("/clients").status_code == 200
    assert sum(request.counted for request in sandbox.requests()) == 4


def test_a_lockout_can_have_its_own_length_and_not_prolong():
    """Both are switches of the sandbox."""
    sandbox = new_sandbox(calls=1, period=10, lockout=30, prolong=False)
    call = Caller(sandbox)
    spend_all(call, 2)
    clock_of(sandbox).advance(29)
    waited = call.get("/clients").headers["retry-after"]
    clock_of(sandbox).advance(1)

    assert waited == "1"
    assert call.get("/clients").status_code == 200


def test_what_others_spend_counts(sandbox):
    """Another program's calls use the account up; they are in no list of ours."""
    sandbox.spend(3)

    assert Caller(sandbox).get("/clients").status_code == 503
    assert len(sandbox.requests()) == 1


def test_the_numbers_can_be_tuned_while_it_runs(sandbox):
    """A lockout that had no length of its own follows the period."""
    sandbox.set_limits(calls=5)
    sandbox.set_limits(period=20)
    returned = Caller(sandbox).get(STATUS).json()

    assert (returned["max_calls"], returned["timeframe_limit"], returned["lockout_seconds"]) == (5, 20, 20)


def test_a_lockout_with_its_own_length_keeps_it():
    """Tuning the period leaves it alone."""
    sandbox = new_sandbox(lockout=7)
    sandbox.set_limits(period=20)

    assert Caller(sandbox).get(STATUS).json()["lockout_seconds"] == 7


def test_the_most_in_a_window_comes_from_the_requests(sandbox):
    """Refused calls have arrived, too."""
    spend_all(Caller(sandbox), 5)
    clock_of(sandbox).advance(10)
    spend_all(Caller(sandbox), 1)

    assert sandbox.max_in_window() == 5


@pytest.mark.parametrize(
    "numbers", [{"calls": 0}, {"calls": -1}, {"period": 0}, {"period": -2}, {"lockout": 0}], ids=str
)
def test_numbers_that_no_account_could_have_are_refused(numbers):
    """They are named, before anything runs."""
    with pytest.raises(ValueError, match="must be"):
        Sandbox(**numbers)


def test_tuning_to_such_numbers_is_refused(sandbox):
    """The throttle keeps the numbers that it had."""
    with pytest.raises(ValueError, match="above 0"):
        sandbox.set_limits(period=-1)
    with pytest.raises(ValueError, match="from 1 to"):
        sandbox.set_limits(calls=0)

    assert Caller(sandbox).get(STATUS).json()["timeframe_limit"] == 10
