"""The news interfaces of Massive and Alpaca over lists of articles."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.standins.server import Answer, Request, StandIn, json_answer

__all__ = ["AlpacaNewsStandIn", "MassiveNewsStandIn", "NewsStandIn"]


class NewsStandIn(StandIn):
    """Serves articles of one provider, a few a page.

    Args:
        articles: In the provider's form, by time of publication.
        page_rows: At most so many a page, whatever is asked.
        options: As for `StandIn`.
    """

    def __init__(self, articles: Sequence[Mapping[str, Any]], *, page_rows: int = 2, **options: Any) -> None:  # noqa: ANN401 - those of StandIn
        super().__init__(**options)
        self.articles = [dict(article) for article in articles]
        self.page_rows = page_rows

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which it is reached."""
        raise NotImplementedError

    def page(
        self, chosen: Sequence[Mapping[str, Any]], offset: int
    ) -> tuple[list[Mapping[str, Any]], int | None]:
        """The articles from `offset` on, and where the next page begins."""
        end = offset + self.page_rows
        return list(chosen[offset:end]), end if end < len(chosen) else None


class MassiveNewsStandIn(NewsStandIn):
    """Serves `/v2/reference/news`; the next page is named under a host that does not exist."""

    key = "massive-s3cr3t"

    @property
    def settings(self) -> dict[str, Any]:
        return {"massive": {"base_url": self.url, "api_key": self.key, "requests_per_minute": 6000}}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return json_answer({"status": "ERROR", "error": "Unknown API Key"}, 401)
        return json_answer(self._body(request))

    def broken(self, fault: str, request: Request) -> Answer:
        if fault == "403 not entitled":
            return json_answer({"status": "NOT_AUTHORIZED", "message": "upgrade your plan"}, 403)
        body = self._body(request)
        if fault == "empty page with a link":
            body |= {"results": [], "next_url": self._link(request, _offset(request), mark="empty")}
        elif fault == "null bars":
            body |= {"results": None, "next_url": self._link(request, _offset(request), mark="null")}
        elif fault == "repeated link":
            body["next_url"] = self._link(request, 0)
        elif fault == "duplicate bars":
            body["results"] = [*body["results"], *body["results"][-1:]]
        elif fault == "shuffled bars":
            body["results"] = body["results"][::-1]
        return json_answer(body)

    def _body(self, request: Request) -> dict[str, Any]:
        query = _query(request)
        chosen = [
            article
            for article in self.articles
            if query.get("ticker") in {None, *article["tickers"]}
            and query.get("published_utc.gte", "") <= article["published_utc"]
            and article["published_utc"] < query.get("published_utc.lt", "9")
        ]
        results, following = self.page(chosen, _offset(request))
        body: dict[str, Any] = {"status": "OK", "count": len(results), "results": results}
        return body if following is None else {**body, "next_url": self._link(request, following)}

    def _link(self, request: Request, offset: int, mark: str = "at") -> str:
        kept = "~".join(f"{name}={value}" for name, value in _query(request).items())
        return f"https://api.massive.example:443/v2/reference/news?cursor={mark}|{offset}|{kept}"


class AlpacaNewsStandIn(NewsStandIn):
    """Serves `/v1beta1/news`."""

    key = ("AKTEST", "s3cr3t-value")

    @property
    def settings(self) -> dict[str, Any]:
        key_id, secret = self.key
        return {"alpaca": {"base_url": self.url, "key_id": key_id, "secret_key": secret}}

    def answer(self, request: Request) -> Answer:
        key = (request.headers.get("apca-api-key-id"), request.headers.get("apca-api-secret-key"))
        if key != self.key:
            return json_answer({"message": "forbidden."}, 403)
        return json_answer(self._body(request))

    def broken(self, fault: str, request: Request) -> Answer:
        if fault == "403 not entitled":
            return self.refused(403, "subscription does not permit querying news")
        body = self._body(request)
        offset = int(request.query.get("page_token", "at|0").partition("|")[2])
        if fault == "empty page with a link":
            body = {"news": [], "next_page_token": f"empty|{offset}"}
        elif fault == "null bars":
            body = {"news": None, "next_page_token": f"null|{offset}"}
        elif fault == "repeated link":
            body["next_page_token"] = "at|0"
        elif fault == "duplicate bars":
            body["news"] = [*body["news"], *body["news"][-1:]]
        elif fault == "shuffled bars":
            body["news"] = body["news"][::-1]
        return json_answer(body)

    def _body(self, request: Request) -> dict[str, Any]:
        query = request.query
        wanted = set(query.get("symbols", "").split(",")) - {""}
        chosen = [
            article
            for article in self.articles
            if (not wanted or wanted & set(article["symbols"]))
            and query.get("start", "")[:19] <= article["created_at"][:19] <= query.get("end", "9")[:19]
        ]
        news, following = self.page(chosen, int(query.get("page_token", "at|0").partition("|")[2]))
        return {"news": news, "next_page_token": None if following is None else f"at|{following}"}


def _query(request: Request) -> dict[str, str]:
    """What was asked for with the first page."""
    if "cursor" not in request.query:
        return request.query
    return dict(pair.partition("=")[::2] for pair in request.query["cursor"].split("|")[2].split("~") if pair)


def _offset(request: Request) -> int:
    return int(request.query["cursor"].split("|")[1]) if "cursor" in request.query else 0
