"""The time zones that the sandbox knows."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from harvest_async.sandbox.zones import ZONES, identifier_of, local, offset_of
from tests.support.sandbox import Caller, new_sandbox, reason

WINTER, SUMMER = datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 7, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ZONES)
def test_each_zone_is_one_that_the_machine_knows(name):
    """Its offset is that of the identifier beside it."""
    assert offset_of(name, SUMMER) == SUMMER.astimezone(ZoneInfo(ZONES[name])).utcoffset().total_seconds()


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        ("Eastern Time (US & Canada)", -18_000, -14_400),
        ("UTC", 0, 0),
        ("Kathmandu", 20_700, 20_700),
        ("Berlin", 3_600, 7_200),
    ],
)
def test_offsets_follow_the_season(name, winter, summer):
    """In seconds east of UTC."""
    assert (offset_of(name, WINTER), offset_of(name, SUMMER)) == (winter, summer)


def test_a_name_that_is_none_is_utc():
    """For any time in a stored record."""
    assert (identifier_of("Atlantis"), local({"timezone": "Atlantis"}, WINTER).hour) == ("Etc/UTC", 12)


def test_a_person_has_one_of_them():
    """IANA names and unknown ones are refused; without one it is the account's."""
    sandbox = new_sandbox()
    call = Caller(sandbox)
    fields = {"email": "c@example.com", "first_name": "C", "last_name": "D"}
    refused = call.post("/people", {"user": fields | {"timezone": "Europe/Berlin"}})
    number = call.make("/people", root="user", **fields)
    changed = call.put(f"/people/{number}", {"user": {"timezone": "Berlin"}})

    assert (refused.status_code, reason(refused), changed.status_code) == (400, "timezone is invalid.", 200)
    assert sandbox.world.find("user", number)["timezone"] == "Berlin"
