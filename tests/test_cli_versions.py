"""Commands choose an API version by their options, or else by the environment."""

import pytest

from harvest_async.cli.api_version import choose_version
from harvest_async.errors import InvalidArgument
from tests.support.shell import open_account, shell_at

V1 = {"HARVEST_ACCOUNT": "acme", "HARVEST_EMAIL": "ada@example.com", "HARVEST_PASSWORD": "secret"}
V2 = {"HARVEST_ACCOUNT_ID": "77", "HARVEST_ACCESS_TOKEN": "token"}
BY_V2 = {"HARVEST_ACCOUNT_ID": "1", "HARVEST_ACCESS_TOKEN": "sandbox-token"}


@pytest.fixture
def environment(monkeypatch):
    """Return a function that sets variables; all others of an account are unset."""
    for name in (*V1, *V2, "HARVEST_SAME_AS"):
        monkeypatch.delenv(name, raising=False)

    def put(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.fixture(scope="module")
def address():
    with open_account() as opened:
        yield opened[1]


@pytest.fixture
def shell(address, tmp_path):
    """A shell whose environment leads to the account by both versions."""
    return shell_at(address, tmp_path / "state", **BY_V2)


@pytest.mark.parametrize(
    ("variables", "options", "version", "account"),
    [
        ({}, {}, "v1", ""),
        (V1, {}, "v1", "acme"),
        (V2, {}, "v2", "77"),
        (V1 | V2, {}, "v2", "77"),
        (V1 | {"HARVEST_ACCOUNT_ID": "77"}, {}, "v1", "acme"),
        (V1 | V2 | {"HARVEST_ACCESS_TOKEN": " "}, {}, "v1", "acme"),
        ({"HARVEST_ACCOUNT_ID": "77"}, {}, "v2", "77"),
        ({"HARVEST_ACCESS_TOKEN": "token"}, {}, "v1", ""),
        (V1 | V2, {"api": "v1"}, "v1", "acme"),
        (V1, {"api": "v2"}, "v2", ""),
        (V1, {"account_id": "5"}, "v2", "5"),
        (V2, {"account": "umbrella"}, "v1", "umbrella"),
        (V2, {"api": "v2", "account_id": "5"}, "v2", "5"),
        (V1, {"same_as": "acme"}, "v2", ""),
        (V1 | V2, {"same_as": "acme"}, "v2", "77"),
    ],
)
def test_options_come_before_the_environment(environment, variables, options, version, account):
    """Options come first; then v2 if its account and token are set; then the version whose account is set."""
    environment(variables)

    choice = choose_version(options)

    assert (choice.version.name, choice.account) == (version, account)


def test_a_choice_by_the_environment_is_explained_unless_it_is_the_default(environment):
    """Gives the variables that selected v2, and how to select the other version."""
    environment(V1 | V2)

    assert choose_version({}).reason == (
        "API v2, since HARVEST_ACCOUNT_ID and HARVEST_ACCESS_TOKEN are set (--api v1 for the other)"
    )
    assert choose_version({"api": "v2"}).reason == choose_version({"account": "acme"}).reason == ""


@pytest.mark.parametrize(
    ("variables", "options", "shared"),
    [
        (V2, {}, ""),
        (V2, {"same_as": "acme"}, "acme"),
        (V2 | {"HARVEST_SAME_AS": "acme"}, {}, "acme"),
        (V2 | {"HARVEST_SAME_AS": "acme"}, {"same_as": "umbrella"}, "umbrella"),
        (V1 | {"HARVEST_SAME_AS": "acme"}, {}, ""),
    ],
)
def test_the_subdomain_of_the_same_account(environment, variables, options, shared):
    """The option comes before the variable, and API v1 needs neither."""
    environment(variables)

    assert choose_version(options).shared == shared


@pytest.mark.parametrize("options", [{"api": "v1"}, {"account": "acme"}])
def test_same_as_is_refused_by_v1(environment, options):
    """Names the option, its version and the one in use."""
    environment(V2)

    with pytest.raises(InvalidArgument, match=r"--same-as is for API v2, and this command uses API v1"):
        choose_version({**options, "same_as": "acme"})


@pytest.mark.socket
@pytest.mark.parametrize("how", ["option", "variable"])
def test_both_versions_share_the_budget_in_the_ledger(shell, how):
    """What API v1 learned about the limit holds for API v2 with --same-as, which keeps its budget of reports."""
    words, env = (["--same-as", "sandbox"], {}) if how == "option" else ([], {"HARVEST_SAME_AS": "sandbox"})
    shell("whoami", "--api", "v1", HARVEST_ACCESS_TOKEN="")
    alone = shell("status", "--json", "--api", "v2").document
    shared = shell("status", "--json", *words, **env).document

    assert (alone["calls"], shared["calls"]) == (100, 5000)
    assert list(shared["budgets"]) == ["reports"]


@pytest.mark.parametrize("command", [["whoami"], ["status"], ["import"], ["export", "out"]])
def test_same_as_that_is_no_subdomain(shell, command, tmp_path, monkeypatch):
    """Each command that uses an account takes the option, and ends with 2 before anything is sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("Date,Hours\n2026-01-05,1\n")
    files = (
        ["a.csv", "--client", "A", "--project", "B", "--task", "C", "--person", "D"] if command == ["import"] else []
    )
    said = shell(*command, *files, "--same-as", "acme.harvestapp.com")

    assert said.code == 2
    assert "same_as: give the subdomain by which API v1 knows the account, like acme" in said.err


def test_same_as_is_refused_with_a_sandbox(shell, tmp_path):
    """An embedded sandbox has no other version beside it."""
    (tmp_path / "a.csv").write_text("Date,Hours\n2026-01-05,1\n")
    said = shell("import", tmp_path / "a.csv", "--sandbox", "--same-as", "acme")

    assert said.code == 2
    assert "--same-as is for real accounts: leave it out with a sandbox" in said.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api": "v1", "account_id": "5"}, "--account-id names an account of API v2, not of API v1"),
        ({"api": "v2", "account": "acme"}, "--account names an account of API v1, not of API v2"),
        ({"account": "acme", "account_id": "5"}, "give --account or --account-id, not both"),
    ],
)
def test_contradicting_options_are_refused(environment, options, message):
    """Names the options that can't be given together."""
    environment({})

    with pytest.raises(InvalidArgument, match=message):
        choose_version(options)


@pytest.mark.socket
def test_whoami_by_either_version(shell):
    """Shows the same person by both versions; says which version it chose, but not for programs."""
    by_v2, by_v1 = shell("whoami"), shell("whoami", "--api", "v1", HARVEST_ACCESS_TOKEN="")

    assert by_v2.out == by_v1.out == "Ada Sandbox <admin@example.com>, administrator of Sandbox (id 1)\n"
    assert by_v2.err.startswith("API v2, since HARVEST_ACCOUNT_ID")
    assert by_v1.err == shell("whoami", "--json").err == ""


@pytest.mark.socket
def test_a_regular_user_of_v2(shell):
    """Derives the role from the access roles."""
    assert shell("whoami", "--json", HARVEST_ACCESS_TOKEN="sandbox-user-token").document["role"] == "regular user"


@pytest.mark.socket
def test_status_by_v2_sends_nothing_and_shows_both_budgets(shell):
    """Shows what the ledger knows of each budget, since API v2 has no call for the server's status."""
    shell("whoami")

    shown, document = shell("status"), shell("status", "--json").document

    assert "not available by API v2" in shown.out
    assert "general budget" in shown.out
    assert "reports budget" in shown.out
    assert (document["server"], document["sent"], document["budgets"]["reports"]["calls"]) == (None, 2, 100)
    cells = " ".join(shown.out.replace("│", " ").split())  # a narrow terminal breaks the lines of a cell
    assert "not known yet: what other programs sent is unknown, so one call goes first" in cells
    assert "for 0 s" not in cells


@pytest.mark.socket
def test_accounts_lists_what_the_token_reaches(shell):
    """Needs no account id, and shows it."""
    shown, document = shell("accounts", HARVEST_ACCOUNT_ID=""), shell("accounts", "--json").document

    assert "Sandbox" in shown.out
    assert document == {"accounts": [{"id": 1, "name": "Sandbox", "product": "harvest"}]}


@pytest.mark.socket
def test_accounts_takes_the_version(shell):
    """API v1 names the command that shows its one account."""
    listed, refused = shell("accounts", "--api", "v2", "--json"), shell("accounts", "--api", "v1")

    assert [each["id"] for each in listed.document["accounts"]] == [1]
    assert refused.code == 2
    assert "Credentials of API v1 belong to one account: harvest-async whoami --api v1 shows it." in refused.err


def test_accounts_without_a_token(shell):
    """Names the missing variables and ends with 2."""
    said = shell("accounts", HARVEST_ACCESS_TOKEN="", HARVEST_APP="")

    assert said.code == 2
    assert "HARVEST_ACCESS_TOKEN and HARVEST_APP are missing" in said.err


@pytest.mark.socket
def test_a_refused_token_names_the_variables_of_its_version(shell):
    """Ends with 3 and the variables of API v2 alone."""
    said = shell("whoami", HARVEST_ACCESS_TOKEN="hush-hush")

    assert said.code == 3
    assert "Check HARVEST_ACCESS_TOKEN and HARVEST_ACCOUNT_ID;" in said.err
    assert "hush-hush" not in said.out + said.err


def test_without_an_app_v2_names_the_variable(shell):
    """Sends no application without a contact: API v2 requires one."""
    said = shell("whoami", HARVEST_APP="")

    assert said.code == 2
    assert "HARVEST_APP" in said.err


def test_without_any_setting_both_versions_are_explained(shell):
    """Names the variables of the default version, and those of the other one."""
    said = shell("whoami", **dict.fromkeys((*V1, *V2), ""))

    assert said.code == 2
    assert "HARVEST_ACCOUNT, HARVEST_EMAIL and HARVEST_PASSWORD are missing" in said.err
    assert "For API v2 set HARVEST_ACCOUNT_ID and HARVEST_ACCESS_TOKEN." in said.err


@pytest.mark.parametrize("command", [[], ["whoami"], ["import"], ["export"], ["undo"], ["status"]])
def test_help_names_the_settings_of_both_versions(shell, command):
    """Shows the options or the variables of each version."""
    said = shell(*command, "--help")

    assert said.code == 0
    for version in ("account-id", "--api") if command else ("HARVEST_ACCOUNT_ID", "HARVEST_PASSWORD"):
        assert version in said.out
