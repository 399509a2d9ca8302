"""Who hears how far a station is."""

from __future__ import annotations

from types import SimpleNamespace

from assets.progress import Progress, listening


def test_listeners_hear_everything_the_log_the_end() -> None:
    logged: list[str] = []
    heard: list[tuple[str, int, int, str]] = []
    context = SimpleNamespace(log=SimpleNamespace(info=logged.append))
    with listening(lambda *one: heard.append(one)):
        report = Progress().reporter(context, "books")
        for done in (1, 2, 3):
            report(done, 3, "read")
    report(3, 3, "nobody hears this")
    assert heard == [("books", 1, 3, "read"), ("books", 2, 3, "read"), ("books", 3, 3, "read")]
    assert logged == ["books: 1/3 read", "books: 3/3 read", "books: 3/3 nobody hears this"]
