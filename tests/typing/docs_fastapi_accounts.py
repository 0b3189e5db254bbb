"""A block of docs/fastapi.md, for type checkers."""

# ruff: noqa: I001
from typing import Annotated
from fastapi import Depends, FastAPI, Header, HTTPException
from harvest_async import BearerAuth, HarvestPool, HarvestV1, HarvestV2
from harvest_async.fastapi import HarvestV1Dep, harvest_by_key, harvest_lifespan, harvest_of_account


async def credentials(account: str) -> BearerAuth:
    return BearerAuth("the token that you stored for this account")


def make_pool() -> HarvestPool[HarvestV2]:
    return HarvestPool(credentials, app="Shop (ops@example.com)")


async def account_of(signed_in: Annotated[str | None, Header()] = None) -> str:
    if signed_in is None:
        raise HTTPException(401)
    return signed_in  # from your session


app = FastAPI(
    lifespan=harvest_lifespan({"default": HarvestV1.from_env, "new": HarvestV2.from_env, "visitors": make_pool})
)
NewHarvest = Annotated[HarvestV2, Depends(harvest_by_key("new"))]
MyHarvest = Annotated[HarvestV2, Depends(harvest_of_account(account_of, key="visitors"))]


@app.get("/people")
async def people(old: HarvestV1Dep, new: NewHarvest, mine: MyHarvest) -> list[str | None]:
    me = await old.account.who_am_i()
    return [me.user.email, (await new.users.me()).email, (await mine.users.me()).email]
