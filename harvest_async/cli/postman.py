"""The command `harvest-async postman`. It writes no credentials."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harvest_async.cli.outputs import check_output
from harvest_async.postman import make_collection

__all__ = ["postman"]


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Write to this file instead of standard output.")  # fmt: skip
@click.option("--account", default="", help="Value of the variable `account`: the subdomain.")
@click.option("--base-url", default="https://{{account}}.harvestapp.com", show_default=True,
              help="Value of the variable `base_url`, for example the address of a sandbox.")  # fmt: skip
def postman(output: Path | None, account: str, base_url: str) -> None:
    """Write a Postman collection of every call of API v1, in JSON and XML.

    Import it into Postman and set its variables: `account`, `email` and `password`, or `access_token`. The file
    contains no credentials.

    \b
    Try it against a sandbox:
      harvest-async sandbox --port 8765
      harvest-async postman --base-url http://127.0.0.1:8765 -o harvest.postman_collection.json
    """
    if output is not None:
        check_output("--output", output)
    text = json.dumps(make_collection(base_url.rstrip("/"), account), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        output.write_text(f"{text}\n", encoding="utf-8")
        click.echo(f"{output}: import this file into Postman and set its variables", err=True)
