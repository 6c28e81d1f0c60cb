"""The server itself: health, metrics, pages, headers, refusals of no operation, and how it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
import structlog

from app import main
from app.accounts.service import Accounts
from app.infra.middleware import CONTENT_SECURITY_POLICY
from app.main import Guildhall
from tests.harness.api import Api
from tests.harness.application import PASSWORD, Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.server import running_server
from tests.harness.services import ServiceError
from tests.harness.socket import Socket

People = Callable[..., Awaitable[Person]]


@pytest.fixture
async def client(app: Guildhall) -> AsyncIterator[httpx2.AsyncClient]:
    """A bare client on this machine."""
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 5000), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the built web client."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Guildhall</title>")
    (dist / "assets" / "app-1a2b.js").write_text("plain")
    (dist / "assets" / "app-1a2b.js.br").write_bytes(b"brotli")
    (dist / "manifest.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(main, "DIST", dist)
    return dist


async def test_it_is_alive_and_ready_until_it_drains(app: Guildhall, client: httpx2.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "draining": "no"})
    await app.drain()
    draining = await client.get("/readyz")
    assert (draining.status_code, draining.json()["checks"]["draining"]) == (503, "yes")
    assert (await client.get("/healthz")).status_code == 200


async def test_it_is_not_ready_with_a_schema_that_is_behind_or_without_its_database(
    app: Guildhall, client: httpx2.AsyncClient
) -> None:
    async with app.database.transaction() as db:
        await db.execute("DELETE FROM schema_migration WHERE name LIKE '0001%'")
    behind = await client.get("/readyz")
    assert (behind.status_code, behind.json()["checks"]["database"]) == (503, "1 migrations pending")
    await app.database.close()
    with structlog.testing.capture_logs() as logs:
        gone = await client.get("/readyz")
    assert (gone.status_code, gone.json()["checks"]["database"]) == (503, "failed")
    assert "readiness_check_failed" in [entry["event"] for entry in logs]
    await app.database.open()


@SQLITE_ONLY
class TestMetrics:
    async def test_are_for_this_machine(self, app: Guildhall, client: httpx2.AsyncClient) -> None:
        await client.get("/api/auth/options")
        text = (await client.get("/metrics")).text
        assert 'guildhall_http_request_seconds_count{method="GET",route="/api/auth/options",status="200"} 1.0' in text
        assert "guildhall_outbox_lag_seconds 0.0" in text
        transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 5000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as elsewhere:
            assert (await elsewhere.get("/metrics")).status_code == 403

    @pytest.mark.parametrize("app_settings", [{"metrics_token": "let-me-see"}])
    async def test_or_for_the_bearer_of_the_token(self, client: httpx2.AsyncClient) -> None:
        for header in (None, "Bearer wrong", "Bearer let-me-se"):
            headers = {"Authorization": header} if header else {}
            assert (await client.get("/metrics", headers=headers)).status_code == 403
        assert (await client.get("/metrics", headers={"Authorization": "Bearer let-me-see"})).status_code == 200

    async def test_name_no_path_that_a_client_made_up(self, client: httpx2.AsyncClient) -> None:
        await client.get("/made/up/by/a/client")
        await client.get("/api/rooms/12345/messages")
        text = (await client.get("/metrics")).text
        assert "made" not in text
        assert "12345" not in text


@SQLITE_ONLY
class TestPages:
    @pytest.mark.parametrize("path", ["/", "/login", "/setup", "/r/123", "/wallet", "/docs"])
    async def test_every_address_of_the_client_is_its_one_page(
        self, built: Path, client: httpx2.AsyncClient, path: str
    ) -> None:
        page = await client.get(path)
        assert (page.status_code, page.text[:9]) == (200, "<!doctype")
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY

    async def test_a_missing_page_is_a_page_for_browsers_and_a_problem_for_programs(
        self, built: Path, client: httpx2.AsyncClient
    ) -> None:
        browser = await client.get("/no/such/page", headers={"Accept": "text/html,*/*"})
        assert (browser.status_code, browser.headers["content-type"][:9]) == (404, "text/html")
        program = await client.get("/no/such/page")
        assert (program.status_code, program.json()["code"]) == (404, "not_found")
        assert program.headers["content-type"] == "application/problem+json"

    async def test_assets_are_kept_for_good_and_served_small(self, built: Path, client: httpx2.AsyncClient) -> None:
        plain = await client.get("/static/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
        assert (plain.text, plain.headers["vary"]) == ("plain", "Accept-Encoding")
        assert "immutable" in plain.headers["cache-control"]
        async with client.stream("GET", "/static/assets/app-1a2b.js", headers={"Accept-Encoding": "br"}) as small:
            assert [chunk async for chunk in small.aiter_raw()] == [b"brotli"]
            assert small.headers["content-encoding"] == "br"
            assert "javascript" in small.headers["content-type"]
        manifest = await client.get("/static/manifest.json")
        assert (manifest.status_code, manifest.headers["cache-control"]) == (200, "no-cache")

    @pytest.mark.parametrize(
        "path", ["/static/../secret.txt", "/static/%2e%2e/secret.txt", "/..%2fsecret.txt", "/static/"]
    )
    async def test_nothing_outside_the_folder_is_served(
        self, built: Path, client: httpx2.AsyncClient, path: str
    ) -> None:
        answer = await client.get(path)
        assert answer.status_code in (404, 405)
        assert "secret" not in answer.text

    async def test_without_a_build_it_says_how_to_make_one(self, built: Path, client: httpx2.AsyncClient) -> None:
        (built / "index.html").unlink()
        page = await client.get("/")
        assert (page.status_code, "make setup" in page.json()["detail"]) == (503, True)


@SQLITE_ONLY
class TestRefusals:
    async def test_a_wrong_method_is_a_problem(self, client: httpx2.AsyncClient) -> None:
        answer = await client.put("/api/me")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]

    async def test_a_bug_is_told_to_the_log_and_not_to_the_person(
        self, client: httpx2.AsyncClient, person: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ann = await person("ann")

        async def fail(*arguments: object) -> None:
            raise KeyError("an inner detail")

        monkeypatch.setattr(Accounts, "person", fail)
        with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
            headers = {"Authorization": f"Bearer {ann.token}", "X-Request-ID": "trace-me-1234"}
            answer = await client.get("/api/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "inner detail" not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == "trace-me-1234"
        assert answer.headers["x-content-type-options"] == "nosniff"
        (bug,) = [entry for entry in logs if entry["event"] == "bug"]
        assert bug["correlation_id"] == "trace-me-1234"

    @pytest.mark.parametrize("path", ["/healthz", "/api/me", "/no/such/page", "/openapi.json"])
    async def test_every_answer_keeps_browsers_strict(self, client: httpx2.AsyncClient, path: str) -> None:
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert len(headers["x-request-id"]) == 16

    async def test_what_is_personal_is_not_stored_by_caches(self, client: httpx2.AsyncClient) -> None:
        assert (await client.get("/api/auth/options")).headers["cache-control"] == "no-store"


async def test_a_stop_closes_sockets_ends_soon_and_loses_nothing(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        async with Api(server.base_url) as api, Socket() as phone:
            ann = await Person.register(api, "ann")
            room = await ann.room()
            await phone.connect(server.base_url, token=ann.token)
            payload = {"room_id": room["id"], "client_id": "c1", "body": "hello"}
            sent = await phone.accepted("message.send", payload)
            assert await asyncio.to_thread(server.terminate, seconds=8) in (0, -signal.SIGTERM)
            async with asyncio.timeout(5):
                await phone.raw.wait()
            await asyncio.to_thread(server.start)
            page = await ann.api.get(f"/api/rooms/{room['id']}/messages")
            assert page["messages"] == [sent["message"]]
            async with Socket() as again:
                await again.connect(server.base_url, token=ann.token)
                assert (await again.accepted("message.send", payload))["duplicate"]


async def test_a_data_folder_has_one_server(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        with pytest.raises(ServiceError, match="Another process serves"), running_server(tmp_path / "data"):
            pass
        async with Api(server.base_url) as api:
            await api.post("/api/auth/register", json={"username": "ann", "password": PASSWORD}, expect=201)
