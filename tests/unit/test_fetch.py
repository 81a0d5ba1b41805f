"""Fetching: links, downloads from a local server with faults, mirrors, sizes and checksums."""

import hashlib
import json
import random
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from encode_server import running

from epibench.data import fetch as fetching
from epibench.data.fetch import fetch
from epibench.data.request import Patience
from epibench.data.source import is_bigbed, is_local, parse_source
from epibench.errors import InputError

CONTENT = random.Random(1).randbytes(200_000)
OTHER = random.Random(2).randbytes(160_000)
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(attempts=3, pause=0.001, connect=2, read=0.2)
NAME = "ENCFF000AAA.bigWig"


@pytest.fixture
def server():
    with running() as encode:
        encode.files[NAME] = CONTENT
        yield encode


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("EPIBENCH_MIRROR", raising=False)


class Fetched:
    """Calls fetch, and looks at what is there afterwards."""

    def __init__(self, server, folder):
        self.address = f"{server.address}/s3/{NAME}"
        self.out = folder / "downloads" / "track.bw"
        self.lines = []

    def __call__(self, source=None, patience=QUICK) -> bytes:
        self.out.unlink(missing_ok=True)  # as Snakemake does before it runs a rule
        fetch(source or self.address, self.out, self.lines.append, patience)
        return self.out.read_bytes()

    def refused(self, source=None, patience=QUICK) -> str:
        with pytest.raises(InputError) as caught:
            self(source, patience)
        assert not self.out.exists()
        return str(caught.value)

    def files(self) -> list[str]:
        folder = self.out.parent
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


@pytest.fixture
def fetched(server, tmp_path):
    return Fetched(server, tmp_path)


WHOLE = ["files/track.bw", "track.bw"]
PART = ["files/.track.bw.part", "files/.track.bw.part.json"]


@pytest.mark.parametrize(
    "fragment",
    ["", f"#md5={MD5}", f"#sha256={SHA256.upper()}", f"#size=200000&md5={MD5}", "#size=200000"],
)
def test_a_download_arrives_whole(fetched, fragment):
    assert fetched(fetched.address + fragment) == CONTENT
    assert fetched.files() == WHOLE
    assert str(fetched.out.readlink()) == "files/track.bw"
    assert fetched.lines[0] == f"downloading {fetched.address}"
    assert "200,000 bytes" in fetched.lines[-1]
    has_checksum = fragment not in ("", "#size=200000")
    assert fetched.lines[-1].endswith("verified") == has_checksum


def test_redirects_are_followed_as_encode_sends_them(fetched, server):
    address = f"{server.address}/files/ENCFF000AAA/@@download/{NAME}"
    server.faults[NAME].append("drop")
    assert fetched(f"{address}#md5={MD5}") == CONTENT
    assert [path for path, _ in server.asked] == [
        address.removeprefix(server.address),
        f"/s3/{NAME}",
    ] * 2
    assert server.asked_files() == [None, "bytes=100000-"]


def test_a_dropped_connection_is_resumed(fetched, server):
    server.faults[NAME].extend(["drop", "drop"])
    assert fetched(f"{fetched.address}#md5={MD5}") == CONTENT
    assert server.asked_files() == [None, "bytes=100000-", "bytes=150000-"]
    assert server.sent[NAME] == len(CONTENT)
    assert any("going on at 150,000 bytes" in line for line in fetched.lines)


def test_attempts_are_counted_anew_while_bytes_come(fetched, server):
    server.faults[NAME].extend(["drop"] * 7)  # more than QUICK.attempts
    assert fetched() == CONTENT
    server.faults[NAME].extend([503] * 3)
    assert "503" in fetched.refused(f"{fetched.address}#size=200000")


def test_what_a_killed_process_left_is_resumed_by_the_next(fetched, server):
    server.faults[NAME].extend(["drop", 503, 503])
    message = fetched.refused()
    assert f"{fetched.address} cannot be downloaded (the server answers 503" in message
    assert "the 100,000 bytes that are here are kept" in message
    assert fetched.files() == PART
    assert fetched() == CONTENT
    assert server.sent[NAME] == len(CONTENT)
    assert fetched.files() == WHOLE


def test_a_whole_part_that_was_not_renamed_is_not_transferred_again(fetched, server):
    server.faults[NAME].extend(["drop", 503, 503])
    fetched.refused()
    (fetched.out.parent / PART[0]).write_bytes(CONTENT)
    assert fetched(f"{fetched.address}#md5={MD5}") == CONTENT
    assert len(server.asked) == 3


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize("etags", [True, False])
def test_a_file_that_changes_between_two_attempts_starts_anew(
    fetched, server, heeds_if_range, etags
):
    server.heeds_if_range, server.etags = heeds_if_range, etags
    server.faults[NAME].extend(["drop", lambda encode: encode.files.update({NAME: OTHER})])
    assert fetched() == OTHER
    assert server.asked_files()[1] == "bytes=100000-"
    assert any("starting anew" in line for line in fetched.lines)


def test_a_file_that_shrinks_below_the_part_starts_anew(fetched, server):
    server.heeds_if_range = False
    server.faults[NAME].extend(["drop", lambda encode: encode.files.update({NAME: OTHER[:50]})])
    assert fetched() == OTHER[:50]


def test_a_part_without_its_facts_is_not_trusted(fetched, server):
    part, facts = (fetched.out.parent / name for name in PART)
    part.parent.mkdir(parents=True)
    for text in (None, "{", json.dumps({"address": "elsewhere", "ETag": '"x"', "total": 9})):
        part.write_bytes(b"what is this")
        if text:
            facts.write_text(text)
        assert fetched() == CONTENT
        assert server.asked_files()[-1] is None


def test_weak_tags_do_not_resume(fetched, server):
    server.faults[NAME].extend(["drop", 503, 503])
    fetched.refused()
    facts = fetched.out.parent / PART[1]
    facts.write_text(
        json.dumps(json.loads(facts.read_text()) | {"ETag": 'W/"x"', "Last-Modified": None})
    )
    assert fetched() == CONTENT
    assert server.asked_files()[-1] is None


def test_a_server_without_ranges_starts_anew(fetched, server):
    server.ranges = False
    server.faults[NAME].append("drop")
    assert fetched(f"{fetched.address}#md5={MD5}") == CONTENT
    assert any("cannot go on in the middle; starting anew" in line for line in fetched.lines)


def test_a_server_that_does_not_say_the_length(fetched, server):
    server.lengths = False
    assert fetched() == CONTENT
    server.faults[NAME].append("drop")  # cannot be told from the end
    message = fetched.refused(f"{fetched.address}#size=200000")
    assert "the file has 100000 bytes, expected 200000" in message


def test_a_stalled_server_is_an_error_that_is_retried(fetched, server):
    server.stall_seconds = 1
    server.faults[NAME].append("stall")
    start = time.monotonic()
    assert fetched(f"{fetched.address}#md5={MD5}") == CONTENT
    assert time.monotonic() - start < 0.9
    assert server.sent[NAME] == len(CONTENT)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(fetched, server, status):
    server.faults[NAME].append(status)
    assert fetched() == CONTENT
    assert any(f"{status}" in line and "trying again in" in line for line in fetched.lines)


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_will_not_change_is_not_asked_again(fetched, server, status):
    server.faults[NAME].append(status)
    message = fetched.refused()
    assert f"{fetched.address} cannot be downloaded (the server answers {status}" in message
    assert "correct the address" in message
    assert len(server.asked) == 1
    assert fetched.files() == []


def test_no_server_is_one_sentence(fetched):
    message = fetched.refused(f"http://127.0.0.1:1/{NAME}")
    assert "Connection refused" in message
    assert sum("trying again" in line for line in fetched.lines) == QUICK.attempts - 1


def test_an_address_that_is_none(fetched):
    assert "cannot be asked for" in fetched.refused(f"http://127.0.0.1:port/{NAME}")


@pytest.mark.parametrize(
    "address",
    ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:text/plain,x", "/loop", "http://[", "//"],
)
def test_a_redirect_that_leads_to_no_server_is_refused(fetched, server, address):
    server.redirects["/loop"] = address
    message = fetched.refused(f"{server.address}/loop")
    assert f"{server.address}/loop cannot be asked for" in message
    assert fetched.files() == []


PASSWORD = "hunter2"
PROXIES = ["http://ann:hunter2@127.0.0.1:1", "ann:hunter2@127.0.0.1:1", "xx://ann:hunter2@h"]
PROXIES += ["http://ann:hun/ter2@127.0.0.1:1", "http://ann:hunter2@", "http://ann:hunter2@h:port"]
PROXIES += ["http://ann:hunter2@bad host:1", "http://ann:hunter2@[bad", "https://ann:hunter2@h.x:1"]


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_password_of_a_proxy_is_never_said(fetched, monkeypatch, proxy, scheme):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    message = fetched.refused(f"{scheme}://absent.invalid/{NAME}")
    said = "\n".join([message, *fetched.lines])
    assert not [part for part in ("hunter2", "hun", "ter2", "ann:") if part in said]
    assert "\n" not in message


def test_the_password_of_a_redirect_is_not_said(fetched, server):
    server.redirects["/there"] = "ftp://ann:hunter2@h/x"
    message = fetched.refused(f"{server.address}/there")
    assert "ftp://h/x" in message
    assert PASSWORD not in message


@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after_is_heeded(fetched, server, kind, monkeypatch):
    waited = []
    monkeypatch.setattr("epibench.data.request.time.sleep", waited.append)
    asked = "7" if kind == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=7))
    server.faults[NAME].extend([(503, asked), (429, "999999"), (503, "soon")])
    assert fetched(patience=Patience(attempts=4, pause=2)) == CONTENT
    assert 5 < waited[0] <= 7
    assert waited[1] == 600
    assert 4 <= waited[2] <= 12  # the third failure: 2 * 2 ** 2, with jitter


def test_pauses_double_and_differ():
    patience = Patience(pause=2)
    for attempt, middle in ((1, 2), (2, 4), (3, 8), (20, 60)):
        waits = [patience.wait(attempt, None) for _ in range(200)]
        assert 0.5 * middle <= min(waits) < 0.7 * middle
        assert 1.3 * middle < max(waits) <= 1.5 * middle


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("#md5=" + "0" * 32, ("0" * 32, MD5)),
        ("#size=200000&sha256=" + "0" * 64, ("0" * 64, SHA256)),
        (f"#md5={MD5}&size=7", ("200000 bytes", "expected 7")),
    ],
)
@pytest.mark.parametrize("kind", ["remote", "local"])
def test_wrong_content_names_all_and_keeps_nothing(fetched, tmp_path, kind, fragment, expected):
    (tmp_path / "here.bw").write_bytes(CONTENT)
    address = fetched.address if kind == "remote" else f"file://{tmp_path}/here.bw"
    message = fetched.refused(address + fragment)
    assert all(
        part in message for part in (address.removeprefix("file://"), *expected, "correct the")
    )
    assert fetched.files() == []
    assert (tmp_path / "here.bw").read_bytes() == CONTENT


def test_a_wrong_size_is_seen_before_the_transfer(fetched, server):
    fetched.refused(f"{fetched.address}#size=199999")
    assert server.sent[NAME] <= len(CONTENT)
    server.faults[NAME].append("drop")
    assert "expected 199999" in fetched.refused(f"{fetched.address}#size=199999")


def test_a_verified_download_is_not_transferred_again(fetched, server):
    source = f"{fetched.address}#md5={MD5}&size=200000"
    fetched(source)
    assert fetched(source) == CONTENT
    assert len(server.asked) == 1
    assert any("not downloaded again" in line for line in fetched.lines)


def test_a_damaged_or_unverified_download_is_transferred_again(fetched, server):
    source = f"{fetched.address}#md5={MD5}&size=200000"
    fetched(source)
    (fetched.out.parent / "files" / "track.bw").write_bytes(OTHER)
    assert fetched(source) == CONTENT
    assert fetched() == CONTENT
    assert len(server.asked) == 3


def test_a_mirror_folder_is_linked_and_verified(fetched, server, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv("EPIBENCH_MIRROR", str(mirror))
    assert fetched(f"{fetched.address}#md5={MD5}") == CONTENT
    assert f"the mirror {mirror} has no {NAME}" in fetched.lines
    (mirror / NAME).write_bytes(OTHER)
    assert fetched() == OTHER
    assert fetched.out.readlink() == mirror / NAME
    message = fetched.refused(f"{fetched.address}#sha256={SHA256}")
    assert str(mirror / NAME) in message
    assert SHA256 in message
    assert (mirror / NAME).read_bytes() == OTHER
    assert len(server.asked) == 1


def test_a_mirror_that_is_no_folder_is_refused(fetched, monkeypatch, tmp_path):
    monkeypatch.setenv("EPIBENCH_MIRROR", str(tmp_path / "absent"))
    assert "EPIBENCH_MIRROR=" in fetched.refused()


def test_a_mirror_with_a_password_is_refused_and_not_echoed(fetched, monkeypatch):
    monkeypatch.setenv("EPIBENCH_MIRROR", "http://ann:hunter2@127.0.0.1:1/mirror")
    assert "holds a user name or password" in (message := fetched.refused())
    assert PASSWORD not in "\n".join([message, *fetched.lines])


def test_a_mirror_may_be_an_address(fetched, server, monkeypatch):
    monkeypatch.setenv("EPIBENCH_MIRROR", f"{server.address}/s3/")
    server.faults[NAME].append("drop")
    assert fetched(f"https://absent.invalid/a/{NAME}#md5={MD5}") == CONTENT
    monkeypatch.setenv("EPIBENCH_MIRROR", f"{server.address}/mirror")
    server.faults[NAME].extend(["drop", 503, 503])
    fetched.refused()  # a part of the original stays although the mirror has nothing
    assert fetched() == CONTENT
    assert f"the mirror {server.address}/mirror has no {NAME}" in fetched.lines
    assert server.asked_files()[-1] == "bytes=100000-"


def test_progress_is_told_now_and_then(fetched, monkeypatch):
    monkeypatch.setattr(fetching, "_REPORT_SECONDS", 0.0)
    monkeypatch.setattr(fetching, "_BLOCK", 60_000)
    fetched()
    told = [line for line in fetched.lines if "MB/s" in line]
    assert len(told) >= 3
    assert re.fullmatch(r"100% of 200,000 bytes, \d+\.\d MB/s", told[-1])
    fetched.lines.clear()
    monkeypatch.setattr(fetching, "_REPORT_SECONDS", 60.0)
    fetched()
    assert not any("MB/s" in line for line in fetched.lines)


@pytest.mark.parametrize("form", ["{}/a b.bw", "file://{}/a%20b.bw", "a b.bw", "a b.bw#md5=" + MD5])
def test_a_file_on_this_machine_is_linked(tmp_path, monkeypatch, form):
    (tmp_path / "a b.bw").write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)
    fetch(form.format(tmp_path), tmp_path / "out" / "track.bw", lambda line: None)
    assert (tmp_path / "out" / "track.bw").readlink() == tmp_path / "a b.bw"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.bw: there is no such file"):
        fetch(str(tmp_path / "absent.bw"), tmp_path / "out.bw", lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_an_encode_accession_becomes_its_download_address():
    source = parse_source(f"ENCFF976CEI.bigWig#size=12&md5={MD5}")
    assert (
        source.address
        == "https://www.encodeproject.org/files/ENCFF976CEI/@@download/ENCFF976CEI.bigWig"
    )
    assert (source.name, source.algorithm, source.checksum) == ("ENCFF976CEI.bigWig", "md5", MD5)
    assert source.size == 12
    assert source.remote


def test_an_s3_address_becomes_an_https_address():
    source = parse_source(f"s3://encode-public/2021/02/24/x/ENCFF346FZQ.bigWig#md5={MD5}")
    assert source.address == (
        "https://encode-public.s3.amazonaws.com/2021/02/24/x/ENCFF346FZQ.bigWig"
    )
    assert source.name == "ENCFF346FZQ.bigWig"


@pytest.mark.parametrize(
    ("source", "name", "local"),
    [
        ("data/track.bw", "track.bw", True),
        ("/data/odd #1 50%.bw", "odd #1 50%.bw", True),
        (f"data/track.bw#md5={MD5}", "track.bw", False),
        ("data/track.bw#size=3", "track.bw", False),
        ("file:///data/track.bw", "track.bw", False),
        (f"https://host/a/b.bed.gz?version=2#sha256={SHA256}", "b.bed.gz", False),
        ("ENCFF976CEI.bigWig", "ENCFF976CEI.bigWig", False),
    ],
)
def test_names_and_what_is_used_in_place(source, name, local):
    assert parse_source(source).name == name
    assert is_local(source) == local


@pytest.mark.parametrize(
    ("source", "expected"),
    [(f"ENCFF573INZ.bigBed#md5={MD5}", True), ("a/p.bb", True), ("a/p.bed.gz", False)],
)
def test_bigbed_is_seen_from_the_name(source, expected):
    assert is_bigbed(source) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ftp://host/track.bw", "ftp:// are not fetched"),
        ("https://host/", "names no file"),
        ("", "names no file"),
        ("track.bw#md5=123", "md5=123 is no checksum"),
        (f"track.bw#crc={MD5}", "is no checksum"),
        ("track.bw#sha256=" + "g" * 64, "is no checksum"),
        ("track.bw#size=", "size= is no checksum and no size"),
        ("track.bw#size=12b", "size=12b is no checksum and no size"),
        ("track.bw#size=1&size=2", "size=2 is no"),
        (f"track.bw#md5={MD5}&sha256={SHA256}", "sha256=.* is no"),
    ],
)
def test_sources_that_mean_nothing_are_refused(source, message):
    with pytest.raises(InputError, match=message):
        parse_source(source)


def test_an_address_with_a_password_is_refused_and_not_echoed():
    with pytest.raises(InputError) as refused:
        parse_source("https://ann:s3cret@data.example/a.bw#size=12")
    assert "https://data.example/a.bw: the address holds" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert "ann" not in str(refused.value)
