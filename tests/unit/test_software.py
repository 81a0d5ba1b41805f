"""With what code something was made."""

import re
import subprocess

from epibench import software


def test_the_commit_says_whether_files_were_changed_since(tmp_path, monkeypatch):
    monkeypatch.setattr(software, "__file__", str(tmp_path / "software.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert software.commit() is None  # no checkout
    (tmp_path / "software.py").write_text("")
    named = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*named, "commit", "-qm", "first"], ["tag", "v1"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    found = software.commit()
    assert re.fullmatch(r"[0-9a-f]{12}", found)
    (tmp_path / "software.py").write_text("# edited\n")
    assert software.commit() == f"{found}-dirty"
