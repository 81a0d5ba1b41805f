"""Fetching: links, downloads from a local server, checksums."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from epibench.data.fetch import fetch, is_local, parse_source
from epibench.errors import InputError

CONTENT = b"coverage" * 5000
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(SimpleHTTPRequestHandler):
    """Serve files, and end `half` in the middle."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/half":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "track.bw").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.parametrize("checksum", ["", f"#md5={MD5}", f"#sha256={SHA256.upper()}"])
def test_a_download_arrives_whole(server, tmp_path, checksum):
    lines = []
    fetch(f"{server}/track.bw{checksum}", tmp_path / "new" / "track.bw", lines.append)
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["track.bw"]
    assert (tmp_path / "new" / "track.bw").read_bytes() == CONTENT
    assert lines[0] == f"downloading {server}/track.bw"
    assert "40,000 bytes" in lines[1]


@pytest.mark.parametrize("kind", ["remote", "local"])
def test_a_wrong_checksum_names_all_and_keeps_nothing(server, tmp_path, kind):
    (tmp_path / "here.bw").write_bytes(CONTENT)
    address = f"{server}/track.bw" if kind == "remote" else str(tmp_path / "here.bw")
    wrong = "0" * 32
    with pytest.raises(InputError) as caught:
        fetch(f"{address}#md5={wrong}", tmp_path / "new" / "track.bw", lambda line: None)
    assert all(part in str(caught.value) for part in (address, wrong, MD5))
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("path", ["absent.bw", "half"])
def test_a_failed_download_names_the_address_and_keeps_nothing(server, tmp_path, path):
    with pytest.raises(InputError, match=rf"{server}/{path} cannot be downloaded"):
        fetch(f"{server}/{path}", tmp_path / "new" / "track.bw", lambda line: None)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("form", ["{}/a b.bw", "file://{}/a%20b.bw", "a b.bw", "a b.bw#md5=" + MD5])
def test_a_file_on_this_machine_is_linked(tmp_path, monkeypatch, form):
    (tmp_path / "a b.bw").write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)
    fetch(form.format(tmp_path), tmp_path / "out" / "track.bw", lambda line: None)
    assert (tmp_path / "out" / "track.bw").readlink() == tmp_path / "a b.bw"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*absent\.bw"):
        fetch(str(tmp_path / "absent.bw"), tmp_path / "out.bw", lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_an_encode_accession_becomes_its_download_address():
    source = parse_source(f"ENCFF976CEI.bigWig#md5={MD5}")
    assert (
        source.address
        == "https://www.encodeproject.org/files/ENCFF976CEI/@@download/ENCFF976CEI.bigWig"
    )
    assert (source.name, source.algorithm, source.checksum) == ("ENCFF976CEI.bigWig", "md5", MD5)
    assert source.remote


@pytest.mark.parametrize(
    ("source", "name", "local"),
    [
        ("data/track.bw", "track.bw", True),
        ("/data/odd #1 50%.bw", "odd #1 50%.bw", True),
        (f"data/track.bw#md5={MD5}", "track.bw", False),
        ("file:///data/track.bw", "track.bw", False),
        (f"https://host/a/b.bed.gz?version=2#sha256={SHA256}", "b.bed.gz", False),
        ("ENCFF976CEI.bigWig", "ENCFF976CEI.bigWig", False),
    ],
)
def test_names_and_what_is_used_in_place(source, name, local):
    assert parse_source(source).name == name
    assert is_local(source) == local


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ftp://host/track.bw", "ftp:// are not fetched"),
        ("https://host/", "names no file"),
        ("", "names no file"),
        ("track.bw#md5=123", "md5=123 is no checksum"),
        (f"track.bw#crc={MD5}", "is no checksum"),
        ("track.bw#sha256=" + "g" * 64, "is no checksum"),
    ],
)
def test_sources_that_mean_nothing_are_refused(source, message):
    with pytest.raises(InputError, match=message):
        parse_source(source)
