"""One message per trade, to files and chats, through failures and repetitions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.notifier import Notifier
from engine.errors import ConfigurationError
from engine.messages.notices import Alert, Alerted, AlertFailed, Notified, Notify, NotifyFailed

TOKEN = "123456:AAxxYYzz-secret-part"


def message(number=1):
    return Notify(trade_number=number, text=f"trade {number}: +1.00 USDT")


def lines(path):
    return [json.loads(line)["trade_number"] for line in path.read_text().splitlines()]


async def test_a_file_gets_each_trade_once_however_often_it_is_told(tmp_path):
    path = tmp_path / "out" / "messages.jsonl"
    for _ in range(2):  # the second one is a new process, as after a crash
        notifier = Notifier([f"file:{path}"])
        assert await notifier.perform(message(1)) == Notified(trade_number=1)
        assert await notifier.perform(message(1)) == Notified(trade_number=1)
        assert await notifier.perform(message(2)) == Notified(trade_number=2)

    assert lines(path) == [1, 2]


async def test_a_line_cut_off_by_a_crash_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "messages.jsonl"
    path.write_text('{"trade_number": 1, "text": "whole"}\n{"trade_number": 2, "te')

    await Notifier([f"file:{path}"]).perform(message(2))

    assert json.loads(path.read_text().splitlines()[-1]) == {"trade_number": 2, "text": message(2).text}


async def test_a_file_that_cannot_be_written_is_a_failure_to_try_again(tmp_path):
    (tmp_path / "file").write_text("")

    answer = await Notifier([f"file:{tmp_path / 'file' / 'messages.jsonl'}"]).perform(message())

    assert isinstance(answer, NotifyFailed)
    assert "can't be written" in answer.text


LOST: dict = {"taken": "and nobody hears of it"}


class FakeTelegram:
    """A local server that speaks the one call we make."""

    def __init__(self) -> None:
        self.received: list[dict] = []
        self.answers: list[tuple[int, dict]] = []

    async def send_message(self, request: web.Request) -> web.Response:
        assert request.path == f"/bot{TOKEN}/sendMessage"
        self.received.append(await request.json())
        status, body = self.answers.pop(0) if self.answers else (200, {"ok": True})
        if body is LOST:
            request.transport.close()
        return web.json_response(body, status=status)


@pytest.fixture
async def telegram():
    fake = FakeTelegram()
    app = web.Application()
    app.router.add_post("/{token}/sendMessage", fake.send_message)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    yield fake
    await runner.cleanup()


def variables(url):
    return {"PREDATOR_TELEGRAM_TOKEN": TOKEN, "PREDATOR_TELEGRAM_URL": url}


async def test_a_chat_gets_the_text_with_its_trade_number(telegram):
    notifier = Notifier(["telegram:42"], variables(telegram.url))

    assert await notifier.perform(message(7)) == Notified(trade_number=7)

    assert telegram.received == [{"chat_id": "42", "text": "trade 7: +1.00 USDT (trade 7)"}]


async def test_a_refusing_chat_is_tried_again_and_the_file_beside_it_is_not_written_twice(telegram, tmp_path):
    telegram.answers = [(429, {"ok": False, "description": "Too Many Requests"}), (200, {"ok": False})]
    path = tmp_path / "messages.jsonl"
    notifier = Notifier([f"file:{path}", "telegram:42"], variables(telegram.url))

    first, second, third = [await notifier.perform(message()) for _ in range(3)]

    assert isinstance(first, NotifyFailed)
    assert "Too Many Requests" in first.text
    assert isinstance(second, NotifyFailed)
    assert third == Notified(trade_number=1)
    assert lines(path) == [1]
    assert len(telegram.received) == 3


HALT = Alert(subject="halt of 2026-05-02 12:00:00.123 UTC", text="live-1 HALTED")


async def test_a_halt_is_a_line_of_its_own_in_a_file_once(tmp_path):
    path = tmp_path / "messages.jsonl"
    for _ in range(2):
        notifier = Notifier([f"file:{path}"])
        assert await notifier.perform(message(1)) == Notified(trade_number=1)
        assert await notifier.perform(HALT) == Alerted(subject=HALT.subject)

    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert told == [{"trade_number": 1, "text": message(1).text}, {"alert": HALT.subject, "text": HALT.text}]


async def test_a_halt_that_a_chat_refuses_is_tried_again_and_said_to_be_one(telegram):
    telegram.answers = [(429, {"ok": False, "description": "Too Many Requests"})]
    notifier = Notifier(["telegram:42"], variables(telegram.url))

    first, second = [await notifier.perform(HALT) for _ in range(2)]

    assert isinstance(first, AlertFailed)
    assert (first.subject, second) == (HALT.subject, Alerted(subject=HALT.subject))
    assert telegram.received[-1]["text"] == "live-1 HALTED (halt of 2026-05-02 12:00:00.123 UTC)"


async def test_a_halt_that_an_executor_finds_at_its_start_may_be_known(telegram):
    again = replace(HALT, is_again=True)

    assert await Notifier(["telegram:42"], variables(telegram.url)).perform(again) == Alerted(subject=HALT.subject)
    assert telegram.received[0]["text"].endswith("UTC, sent again: you may have it already)")


async def test_what_an_earlier_life_may_have_sent_says_so_when_it_comes_again(telegram):
    await Notifier(["telegram:42"], variables(telegram.url)).perform(message())  # and its process dies before it tells
    again = replace(message(), is_again=True)

    assert await Notifier(["telegram:42"], variables(telegram.url)).perform(again) == Notified(trade_number=1)

    assert [one["text"] for one in telegram.received] == [
        "trade 1: +1.00 USDT (trade 1)",
        "trade 1: +1.00 USDT (trade 1, sent again: you may have it already)",
    ]


async def test_after_a_lost_answer_the_second_says_so_and_after_a_refusal_it_does_not(telegram):
    notifier = Notifier(["telegram:42"], variables(telegram.url))
    telegram.answers = [(500, {}), (200, LOST), (200, {"ok": True})]
    told = [message(), *[replace(message(), is_again=True)] * 2]

    answers = [await notifier.perform(one) for one in told]

    assert [type(answer) for answer in answers] == [NotifyFailed, NotifyFailed, Notified]
    assert ["again" in one["text"] for one in telegram.received] == [False, False, True]


async def test_the_token_is_in_no_text_when_nobody_listens():
    notifier = Notifier(["telegram:42"], variables("http://127.0.0.1:9"))

    answer = await notifier.perform(message())

    assert isinstance(answer, NotifyFailed)
    assert "secret-part" not in answer.text


@pytest.mark.parametrize("target", ["mail:someone", "file:", "telegram:", "apprise:", ""])
def test_an_unknown_target_is_refused_at_start(target):
    with pytest.raises(ConfigurationError, match="none of file:PATH, telegram:CHAT, apprise:VARIABLE"):
        Notifier([target], variables("http://127.0.0.1:9"))


def test_a_chat_without_a_token_is_refused_at_start():
    with pytest.raises(ConfigurationError, match="PREDATOR_TELEGRAM_TOKEN"):
        Notifier(["telegram:42"], {})


class FakeService:
    """A local server that takes what Apprise posts as JSON."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.statuses: list[int] = []

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((await request.json())["message"])
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def service():
    fake = FakeService()
    app = web.Application()
    app.router.add_post("/{hook}", fake.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"json://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/secret-part"
    yield fake
    await runner.cleanup()


async def test_any_service_of_apprise_gets_the_text_and_what_it_did_not_take_comes_again(service):
    notifier = Notifier(["apprise:TRADES_URL"], {"TRADES_URL": service.url})
    service.statuses = [500, 200]

    first = await notifier.perform(message())
    second = await notifier.perform(replace(message(), is_again=True))

    assert first == NotifyFailed(trade_number=1, text="apprise:TRADES_URL: the service did not take it")
    assert second == Notified(trade_number=1)
    assert service.received == [
        "trade 1: +1.00 USDT (trade 1)",
        "trade 1: +1.00 USDT (trade 1, sent again: you may have it already)",
    ]


async def test_a_service_that_is_not_there_is_tried_again():
    notifier = Notifier(["apprise:TRADES_URL"], {"TRADES_URL": "json://127.0.0.1:9/secret-part"})

    answer = await notifier.perform(message())

    assert isinstance(answer, NotifyFailed)
    assert "secret-part" not in answer.text


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "needs a URL of Apprise in TRADES_URL"),
        ({"TRADES_URL": "no://secret-part"}, "is no URL that Apprise"),
    ],
)
def test_a_service_without_a_url_it_understands_is_refused_at_start(environment, text):
    with pytest.raises(ConfigurationError, match=text) as caught:
        Notifier(["apprise:TRADES_URL"], environment)

    assert "secret-part" not in str(caught.value)
