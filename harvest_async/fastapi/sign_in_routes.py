"""The routes of a sign-in."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

from harvest_async.fastapi.csrf import REFUSED, CsrfToken, fields_of
from harvest_async.fastapi.pages.render import Pages
from harvest_async.fastapi.problem_responses import problems_with
from harvest_async.fastapi.redirects import is_local
from harvest_async.fastapi.refusals import Refusal
from harvest_async.fastapi.sessions import Session
from harvest_async.fastapi.sign_in import SignIn

__all__ = ["sign_in_router"]

_SEE_OTHER = 303
_NOBODY = ("not-signed-in", 401, "Nobody is signed in")
_TO_REFRESH = problems_with(
    (_NOBODY, REFUSED, ("sign-in-ended", 401, "Sign in again"), ("no-account", 409, "No account chosen"))
)


class ReachedAccount(BaseModel):
    """An account that a person can choose."""

    id: str
    name: str


class SessionDocument(CsrfToken):
    """Who is signed in."""

    version: str
    account: str | None
    accounts: list[ReachedAccount]
    company: str
    person: str
    name: str
    role: str


def sign_in_router(sign_in: SignIn) -> APIRouter:
    """Return the router of an app's sign-ins, for `app.include_router`.

    `/sign-in` begins one (`next` is the path to return to), `/sign-in/callback` finishes it, `/sign-in/account` is the
    choice of an account, `POST /sign-in/refresh` renews the tokens, `/session` returns who is signed in, and
    `POST /sign-out` deletes the session. Each POST needs the token that `/session` returns.
    """
    pages = Pages("sign-in", sign_in.csrf)
    router = APIRouter(tags=["sign-in"], route_class=pages.route_class(), lifespan=sign_in.lifespan)
    pages.serve_assets(router, "/sign-in")
    _add_browser_routes(router, sign_in, pages)
    _add_session_routes(router, sign_in)
    sign_in.start_route = pages.name("start")
    return router


def _add_browser_routes(router: APIRouter, sign_in: SignIn, pages: Pages) -> None:
    @router.get("/sign-in", name=pages.name("start"), status_code=_SEE_OTHER, include_in_schema=False)
    async def start(next: str = "") -> Response:
        return sign_in.begin(next)

    @router.get("/sign-in/callback", name=pages.name("callback"), include_in_schema=False)
    async def callback(request: Request) -> Response:
        try:
            return await sign_in.finish(request, pages.path(request, "accounts"))
        except Refusal as refusal:
            refusal.members["sign_in"] = pages.path(request, "start")
            raise

    @router.get("/sign-in/account", name=pages.name("accounts"), include_in_schema=False)
    async def accounts(
        request: Request, session: Annotated[Session, Depends(_known(sign_in))], next: str = ""
    ) -> Response:
        target = next if is_local(next) else sign_in.home
        return pages.page(request, "accounts.html", session=session, target=target)

    @router.post("/sign-in/account", name=pages.name("choose"), include_in_schema=False)
    async def choose(request: Request, session: Annotated[Session, Depends(_known(sign_in))]) -> Response:
        await sign_in.csrf.check(request)
        form = await fields_of(request)
        return await sign_in.choose(session, form.get("account", ""), form.get("next", ""))


def _add_session_routes(router: APIRouter, sign_in: SignIn) -> None:
    @router.get("/session", response_model=SessionDocument, responses=problems_with((_NOBODY,)))
    async def session(request: Request, session: Annotated[Session, Depends(_known(sign_in))]) -> Response:
        """Return who is signed in, and the token that a program sends with each POST."""
        number = sign_in.csrf.number(request)
        response = JSONResponse(_shown(session) | {"csrf_token": sign_in.csrf.token(number)})
        response.headers["Cache-Control"] = "no-store"
        sign_in.csrf.keep(response, number)
        return response

    @router.post("/sign-in/refresh", status_code=204, responses=_TO_REFRESH)
    async def refresh(request: Request, session: Annotated[Session, Depends(_known(sign_in))]) -> Response:
        """Exchange the refresh token for new tokens now: a check that the sign-in is still valid."""
        await sign_in.csrf.check(request)
        if not session.account:
            raise Refusal(409, "no-account", "No account chosen", "Choose an account first.")
        await sign_in.renew(session)
        return Response(status_code=204)

    @router.post(
        "/sign-out", status_code=_SEE_OTHER, response_class=RedirectResponse, responses=problems_with((REFUSED,))
    )
    async def sign_out(request: Request) -> Response:
        """Delete the session and its tokens."""
        await sign_in.csrf.check(request)
        response = RedirectResponse(sign_in.home, _SEE_OTHER)
        await sign_in.forget(request, response)
        return response


def _known(sign_in: SignIn) -> Any:
    """Return a dependency that gives the session of a browser, the account of which may not be chosen yet."""

    async def known(session: Annotated[Session | None, Depends(sign_in.session)]) -> Session:
        if session is None:
            raise Refusal(401, "not-signed-in", "Nobody is signed in", "Sign in first.")
        return session

    return known


def _shown(session: Session) -> dict[str, Any]:
    """Return what a program may know about a session."""
    return {
        "version": session.version,
        "account": session.account or None,
        "accounts": [{"id": number, "name": name} for number, name in session.accounts],
        "company": session.company,
        "person": session.person,
        "name": session.name,
        "role": session.role,
    }
