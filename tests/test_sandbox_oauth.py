"""The sandbox as an authorization server: codes, tokens, refreshes, and how they end."""

from urllib.parse import parse_qs, urlsplit

import pytest

from harvest_async.sandbox import Sandbox
from harvest_async.testing import VirtualClock
from tests.support.sandbox import USER, Caller, clock_of

BACK = "https://app.example.com/back?from=harvest"
KNOWN = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def authorize(sandbox, email=None, **query):
    given = {"client_id": "sandbox-client", "redirect_uri": BACK, "response_type": "code", "state": "s&t"} | query
    shown = {name: value for name, value in given.items() if value is not None}
    return Caller(sandbox, email).get("/oauth2/authorize", params=shown, headers={"Accept": "text/html"})


def code_of(response):
    return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]


def redeem(sandbox, **form):
    return Caller(sandbox, None).post(
        "/oauth2/token", data=KNOWN | form, headers={"Content-Type": None, "Accept": None}
    )


def pair(sandbox, **query):
    code = code_of(authorize(sandbox, **query))
    response = redeem(sandbox, grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert response.status_code == 200, response.text
    return response.json()


def refresh(sandbox, token):
    return redeem(sandbox, grant_type="refresh_token", refresh_token=token)


def email_of(sandbox, token):
    response = Caller(sandbox, None).get("/account/who_am_i", headers={"Authorization": f"Bearer {token}"})
    return response.json()["user"]["email"] if response.status_code == 200 else response.status_code


def test_the_person_who_is_asked_approves_at_once(sandbox):
    """The administrator is sent back with a code and the state, and the address keeps its own query."""
    response = authorize(sandbox)
    target = urlsplit(response.headers["location"])
    query = parse_qs(target.query)

    assert response.status_code == 302
    assert target[:3] == ("https", "app.example.com", "/back")
    assert (query["from"], query["state"], len(query["code"])) == (["harvest"], ["s&t"], 1)


def test_a_code_becomes_a_pair_of_tokens(sandbox):
    """With the contract's keys, 64799 seconds, and base64 text with all of its signs."""
    returned = pair(sandbox)

    assert {"token_type", "expires_in", "access_token", "refresh_token"} == set(returned)
    assert (returned["token_type"], returned["expires_in"]) == ("bearer", 64799)
    assert all({"+", "/", "="} <= set(returned[name]) for name in ("access_token", "refresh_token"))
    assert email_of(sandbox, returned["access_token"]) == "admin@example.com"


def test_the_person_who_is_signed_in_is_the_one_who_approves(sandbox):
    """A token is theirs, with their role."""
    token = pair(sandbox, email=USER)["access_token"]

    assert email_of(sandbox, token) == USER


def test_a_token_travels_as_a_parameter_too(sandbox):
    """Percent-encoded; it is in no list of requests."""
    token = pair(sandbox)["access_token"]
    response = Caller(sandbox, None).get("/account/who_am_i", params={"access_token": token})

    assert response.status_code == 200
    assert token[:8] not in repr(sandbox.requests())
    assert "sandbox-secret" not in repr(sandbox.requests())


def test_the_implicit_grant_puts_a_token_in_the_fragment(sandbox):
    """There is no refresh token with it."""
    response = authorize(sandbox, response_type="token")
    fragment = parse_qs(urlsplit(response.headers["location"]).fragment)

    assert {"access_token", "expires_in", "state", "token_type"} == set(fragment)
    assert email_of(sandbox, fragment["access_token"][0]) == "admin@example.com"


@pytest.mark.parametrize(
    "query", [{"client_id": "x"}, {"client_id": None}, {"redirect_uri": None}, {"redirect_uri": "back"}]
)
def test_nobody_is_sent_to_an_address_that_is_not_to_be_trusted(sandbox, query):
    """The response is an error, not a redirect."""
    response = authorize(sandbox, **query)

    assert (response.status_code, response.json()["error"], response.headers.get("location")) == (
        400,
        "invalid_request",
        None,
    )


def test_an_unknown_response_type_is_reported_by_redirect(sandbox):
    """With the state."""
    query = parse_qs(urlsplit(authorize(sandbox, response_type="cake").headers["location"]).query)

    assert (query["error"], query["state"]) == (["unsupported_response_type"], ["s&t"])


def test_without_a_state_none_comes_back(sandbox):
    """It is optional."""
    assert "state" not in authorize(sandbox, state=None).headers["location"]


def test_a_code_is_good_for_one_use(sandbox):
    """And only with the address that it was sent to, and for ten minutes."""
    code = code_of(authorize(sandbox))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    answers = [
        redeem(sandbox, **(form | {"redirect_uri": "https://x"})),
        redeem(sandbox, **form),
        redeem(sandbox, **form),
    ]
    late = code_of(authorize(sandbox))
    clock_of(sandbox).advance(600)
    answers.append(redeem(sandbox, **(form | {"code": late})))

    assert [answer.status_code for answer in answers] == [400, 200, 400, 400]
    assert [answer.json()["error"] for answer in answers if answer.status_code == 400] == ["invalid_grant"] * 3


def test_a_refresh_token_is_good_for_one_use(sandbox):
    """Each refresh responds with a new pair; the old access token is still good."""
    first = pair(sandbox)
    second = refresh(sandbox, first["refresh_token"]).json()
    again = refresh(sandbox, first["refresh_token"])

    assert len({each[name] for each in (first, second) for name in ("access_token", "refresh_token")}) == 4
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert [email_of(sandbox, each["access_token"]) for each in (first, second)] == ["admin@example.com"] * 2
    assert refresh(sandbox, second["refresh_token"]).status_code == 200


def test_an_access_token_ends_by_the_clock(sandbox):
    """A second short of 18 hours; the refresh token outlives it."""
    returned = pair(sandbox)
    clock_of(sandbox).advance(64_798)
    before = email_of(sandbox, returned["access_token"])
    clock_of(sandbox).advance(1)

    assert (before, email_of(sandbox, returned["access_token"])) == ("admin@example.com", 401)
    assert refresh(sandbox, returned["refresh_token"]).status_code == 200


def test_tokens_are_revoked(sandbox):
    """Access tokens alone, or refresh tokens, too; the fixed token stays."""
    returned = pair(sandbox)
    sandbox.revoke_tokens()
    renewed = refresh(sandbox, returned["refresh_token"]).json()
    sandbox.revoke_tokens(refresh=True)

    assert [email_of(sandbox, each["access_token"]) for each in (returned, renewed)] == [401, 401]
    assert refresh(sandbox, renewed["refresh_token"]).json()["error"] == "invalid_grant"
    assert email_of(sandbox, "sandbox-v1-token") == "admin@example.com"


def test_tokens_are_revoked_by_the_page(sandbox):
    """As by the call."""
    returned, call = pair(sandbox), Caller(sandbox, None)
    first = call.post("/_sandbox/revoke")
    kept = refresh(sandbox, returned["refresh_token"]).json()
    second = call.post("/_sandbox/revoke", {"refresh": True})

    assert [first.json()["refresh"], second.json()["refresh"]] == [False, True]
    assert (email_of(sandbox, returned["access_token"]), refresh(sandbox, kept["refresh_token"]).status_code) == (
        401,
        400,
    )


def test_a_wrong_token_says_how_to_sign_in(sandbox):
    """The challenge is that of bearer tokens."""
    response = Caller(sandbox, None).get("/clients", headers={"Authorization": "Bearer x"})

    assert response.headers["www-authenticate"] == 'Bearer realm="Harvest", error="invalid_token"'


@pytest.mark.parametrize("kind", ["code", "refresh_token"])
def test_what_is_no_access_token_opens_nothing(sandbox, kind):
    """Neither a code nor a refresh token, nor a token in other letters."""
    returned = {"code": code_of(authorize(sandbox))} | pair(sandbox)

    assert email_of(sandbox, returned[kind]) == 401
    assert email_of(sandbox, returned["access_token"].swapcase()) == 401


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"client_id": "x"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
    ],
)
def test_errors_are_those_of_the_standard(sandbox, form, status, error):
    """JSON with error and error_description, never to be kept."""
    response = redeem(sandbox, **form)

    assert (status, error) == (response.status_code, response.json()["error"])
    assert (response.headers["cache-control"], response.headers["content-type"]) == (
        "no-store",
        "application/json; charset=utf-8",
    )
    assert response.json()["error_description"]


def test_a_token_request_must_be_a_form(sandbox):
    """The documentation draws it as JSON, which is not taken."""
    returned = pair(sandbox)
    body = KNOWN | {"grant_type": "refresh_token", "refresh_token": returned["refresh_token"]}
    response = Caller(sandbox, None).post("/oauth2/token", body)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert Caller(sandbox).get("/oauth2/token").status_code == 404


@pytest.mark.parametrize(
    ("credential", "status"), [("c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=", 200), ("eDp5", 401), ("!!", 401)]
)
def test_a_client_may_sign_in_by_header(sandbox, credential, status):
    """As the standard has it."""
    form = {"grant_type": "refresh_token", "refresh_token": pair(sandbox)["refresh_token"]}
    headers = {"Content-Type": None, "Authorization": f"Basic {credential}"}

    assert status == Caller(sandbox, None).post("/oauth2/token", data=form, headers=headers).status_code


def test_tokens_outlive_a_restart(tmp_path):
    """They are part of the state that is kept."""
    path, clock = tmp_path / "sandbox.db", VirtualClock()
    first = Sandbox(db=path, clock=clock)
    returned = pair(first)
    first.close()
    second = Sandbox(db=path, clock=clock)

    assert email_of(second, returned["access_token"]) == "admin@example.com"
    assert refresh(second, returned["refresh_token"]).status_code == 200
    second.close()
