"""ccxt keeps its production URLs; this session sends all traffic to the local venue."""

import aiohttp
from yarl import URL


class Redirect:
    def __init__(self, port: int) -> None:
        self._session = aiohttp.ClientSession()
        self._base = f"http://127.0.0.1:{port}"
        self.headers = self._session.headers
        self.cookie_jar = self._session.cookie_jar

    def _local(self, url: object) -> URL:
        return URL(self._base + URL(str(url), encoded=True).raw_path_qs, encoded=True)

    def get(self, url: object, **options: object) -> object:
        return self._session.get(self._local(url), **options)

    def post(self, url: object, **options: object) -> object:
        return self._session.post(self._local(url), **options)

    def put(self, url: object, **options: object) -> object:
        return self._session.put(self._local(url), **options)

    def delete(self, url: object, **options: object) -> object:
        return self._session.delete(self._local(url), **options)

    def ws_connect(self, url: object, **options: object) -> object:
        return self._session.ws_connect(self._local(url), **options)

    async def close(self) -> None:
        await self._session.close()
