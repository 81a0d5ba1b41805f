"""A server on this machine that behaves like ENCODE, and misbehaves when told to.

`/experiments/X/`, `/files/X/` and `/analyses/X/` give JSON; `/files/X/@@download/NAME` redirects to
`/s3/NAME`, which serves the file with ETag, Last-Modified, Range and If-Range, as S3 does.
"""

import hashlib
import json
import threading
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Encode:
    """What is served, what goes wrong, and what was asked for.

    `faults` holds, by the name of a file, what each of the next requests meets: "drop" and "stall"
    happen after half of the bytes, a number is the status of the answer, a tuple a status and its
    Retry-After header, and a callable is called with this object before a correct answer.
    """

    address: str
    objects: dict[str, dict | bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    faults: dict[str, deque] = field(default_factory=lambda: defaultdict(deque))
    ranges: bool = True
    heeds_if_range: bool = True
    etags: bool = True
    lengths: bool = True
    stall_seconds: float = 5.0
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, item: dict) -> None:
        """Serve an object at its `@id`."""
        self.objects[item["@id"]] = item

    def asked_files(self) -> list[str | None]:
        """Give the Range header of every request for a file."""
        return [wanted for path, wanted in self.asked if path.startswith("/s3/")]


def analysis(accession="ENCAN000AAA", **changes) -> dict:
    """Give an analysis as ENCODE describes it."""
    return {
        "@id": f"/analyses/{accession}/",
        "accession": accession,
        "status": "released",
        "title": "ENCODE4 v1.9.1 GRCh38",
        "assembly": "GRCh38",
        "date_created": "2021-02-24T00:00:00.000000+00:00",
        "superseded_by": [],
    } | changes


def encode_file(accession, file_format, output_type, replicates, **changes) -> dict:
    """Give a file as ENCODE describes it."""
    ending = {"bigWig": "bigWig", "bigBed": "bigBed", "bed": "bed.gz"}[file_format]
    peaks = file_format != "bigWig"
    item = {
        "@id": f"/files/{accession}/",
        "accession": accession,
        "status": "released",
        "file_format": file_format,
        "output_type": output_type,
        "assembly": "GRCh38",
        "biological_replicates": replicates,
        "href": f"/files/{accession}/@@download/{accession}.{ending}",
        "file_size": 1000 + len(accession),
        "md5sum": hashlib.md5(accession.encode()).hexdigest(),
        "s3_uri": f"s3://encode-public/2021/02/24/{accession}.{ending}",
        "date_created": "2021-02-24T00:00:00.000000+00:00",
        "analyses": [{"@id": "/analyses/ENCAN000AAA/"}],
    }
    return item | ({"file_format_type": "narrowPeak"} if peaks else {}) | changes


def experiment(accession, term_name, files, analyses=None, **changes) -> dict:
    """Give an experiment as ENCODE describes it, with its files and analyses embedded."""
    return {
        "@id": f"/experiments/{accession}/",
        "@type": ["Experiment", "Dataset", "Item"],
        "accession": accession,
        "status": "released",
        "assay_title": "ATAC-seq",
        "biosample_ontology": {"term_name": term_name, "classification": "cell line"},
        "files": files,
        "analyses": [analysis()] if analyses is None else analyses,
        "audit": {},
    } | changes


def experiment_of_rows(rows: list[dict[str, str]]) -> dict:
    """Give the experiment that rows of ENCODE's metadata table (`metadata.tsv`) describe."""
    files = [
        encode_file(
            row["File accession"],
            row["File type"],
            row["Output type"],
            [int(number) for number in row["Biological replicate(s)"].split(",")],
            file_size=int(row["Size"]),
            md5sum=row["md5sum"],
            status=row["File Status"],
            assembly=row["File assembly"],
            file_format_type=row["File format type"],
            s3_uri=row["s3_uri"],
            href=row["File download URL"].removeprefix("https://www.encodeproject.org"),
        )
        for row in rows
    ]
    described = analysis(
        title=rows[0]["File analysis title"], status=rows[0]["File analysis status"]
    )
    name = rows[0]["Biosample term name"]
    return experiment(rows[0]["Experiment accession"], name, files, [described])


@contextmanager
def running():
    """Run a server as long as the block."""

    class Bound(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        server.daemon_threads = True
        Bound.encode = Encode(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Bound.encode
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    encode: Encode
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it makes each answer wait 40 ms

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.encode.asked.append((path, self.headers.get("Range")))
        if path in self.encode.redirects:
            self._answer(302, {"Location": self.encode.redirects[path]})
        elif "/@@download/" in path:
            self._answer(307, {"Location": f"/s3/{path.rpartition('/')[2]}"})
        elif path.startswith("/s3/"):
            self._file(path.removeprefix("/s3/"))
        elif path in self.encode.objects:
            found = self.encode.objects[path]
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self._answer(200, {"Content-Type": "application/json"}, body)
        else:
            body = b'{"@type": ["HTTPNotFound", "Error"], "status": "error", "code": 404}'
            self._answer(404, {"Content-Type": "application/json"}, body)

    def _answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, name):
        encode, faults = self.encode, self.encode.faults[name]
        fault = faults.popleft() if faults else None
        if callable(fault):
            fault = fault(encode)
        if isinstance(fault, int | tuple):
            status, *after = fault if isinstance(fault, tuple) else (fault,)
            self._answer(status, {"Retry-After": after[0]} if after else {})
            return
        if name not in encode.files:
            self._answer(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        body = self._begin(encode.files[name])
        if fault:
            encode.sent[name] += len(body) // 2
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if fault == "stall":
                time.sleep(encode.stall_seconds)
            self.close_connection = True
            return
        encode.sent[name] += len(body)
        self.wfile.write(body)
        self.close_connection = not encode.lengths

    def _begin(self, content):
        """Send the head of an answer, and give the bytes that belong behind it."""
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        modified = f"Wed, 24 Feb 2021 00:00:{len(content) % 60:02d} GMT"
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else None
        if not self.encode.ranges:
            start = None
        if self.encode.heeds_if_range and condition not in (None, tag, modified):
            start = None
        if start is not None and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            content, start = b"", None
        elif start is not None:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Last-Modified", modified)
        if self.encode.etags:
            self.send_header("ETag", tag)
        body = content[start or 0 :]
        if self.encode.lengths:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return body
