"""Transports and streams whose responses a test gives in advance."""

import asyncio

import httpx


class Answers(httpx.AsyncBaseTransport):
    """Returns prepared responses, and keeps the requests."""

    def __init__(self, *answers):
        self.answers, self.sent, self.closed = list(answers), [], False

    async def handle_async_request(self, request):
        self.sent.append(request)
        answer = self.answers.pop(0)
        if callable(answer):
            answer = await answer(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def aclose(self):
        self.closed = True


class Drip(httpx.AsyncByteStream):
    """A body that comes slowly."""

    def __init__(self, *parts, pause=0.0, end=None):
        self.parts, self.pause, self.end, self.closed = parts, pause, end, False

    async def __aiter__(self):
        for part in self.parts:
            await asyncio.sleep(self.pause)
            yield part
        if self.end is not None:
            raise self.end

    async def aclose(self):
        self.closed = True
