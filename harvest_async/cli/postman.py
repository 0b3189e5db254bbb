"""The command `harvest-async postman`. It writes no credentials."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harvest_async.cli.outputs import check_output
from harvest_async.postman import make_collection
from harvest_async.versions import DEFAULT, VERSIONS

__all__ = ["postman"]


@click.command(short_help="Write a Postman collection of every call.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Write to this file instead of standard output.")  # fmt: skip
@click.option("--api", type=click.Choice(list(VERSIONS)), default=DEFAULT, show_default=True, help="API version.")
@click.option("--account", default="", help="Value of the variable `account`: the subdomain, or the id by API v2.")
@click.option("--base-url", help="Value of the variable `base_url`, for example the address of a sandbox.")
def postman(output: Path | None, api: str, account: str, base_url: str | None) -> None:
    """Write a Postman collection of every call of an API version: v1 in JSON and XML, or v2.

    Import it into Postman and set its variables: `account`, `email` and `password`, or `access_token`; for API v2
    `account_id` and `access_token`. The file contains no credentials.

    \b
    Try it against a sandbox:
      harvest-async sandbox --port 8765
      harvest-async postman --api v2 --base-url http://127.0.0.1:8765/v2 --account 1 -o harvest.json
    """
    if output is not None:
        check_output("--output", output)
    address = None if base_url is None else base_url.rstrip("/")
    collection = make_collection(address, account, version=api)
    text = json.dumps(collection, indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        output.write_text(f"{text}\n", encoding="utf-8")
        click.echo(f"{output}: import this file into Postman and set its variables", err=True)
