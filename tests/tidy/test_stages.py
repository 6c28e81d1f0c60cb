"""The last word of `make test` is true: what failed or was skipped is counted and named, and the exit code says so."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from scripts import test as runner

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="no"/></testcase>
<testcase classname="a" name="broken"><error message="no"/></testcase>
<testcase classname="a" name="left"><skipped message="no browser"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(runner, "REPORTS", tmp_path)
    return tmp_path


def stage(code: str, *, seconds: int = 20, counted: bool = False) -> runner.Stage:
    return runner.Stage("stage", (sys.executable, "-c", code), seconds, counted=counted)


def write(report: str) -> str:
    return f"import pathlib; pathlib.Path({str(runner.REPORTS / 'stage.xml')!r}).write_text({report!r})"


def test_a_command_that_succeeds_is_one_test() -> None:
    outcome = runner.run(stage("pass"))
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, [], [])


def test_a_command_that_fails_is_one_failure() -> None:
    assert runner.run(stage("raise SystemExit(3)")).failed == ["stage: ended with code 3"]


def test_a_command_that_hangs_is_ended() -> None:
    assert runner.run(stage("import time; time.sleep(60)", seconds=1)).failed == ["stage: took longer than 1 s"]


def test_what_a_stage_leaves_running_ends_with_it(reports: Path) -> None:
    orphan = f"{sys.executable} -c 'import time; time.sleep(60)' & echo $! > {reports / 'pid'}"
    assert runner.run(runner.Stage("stage", ("sh", "-c", orphan), 20)).passed == 1
    pid = int((reports / "pid").read_text())
    deadline = time.monotonic() + 5
    while (alive := running(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive


def running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_tests_are_counted_by_name() -> None:
    outcome = runner.run(stage(write(REPORT) + "; raise SystemExit(1)", counted=True))
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, ["a > bad", "a > broken"], ["a > left: no browser"])


def test_tests_that_passed_do_not_hide_a_crash() -> None:
    report = '<testsuite><testcase classname="a" name="good"/></testsuite>'
    outcome = runner.run(stage(write(report) + "; raise SystemExit(137)", counted=True))
    assert (outcome.passed, outcome.failed) == (1, ["stage: ended with code 137"])


def test_no_test_is_a_failure() -> None:
    assert runner.run(stage("pass", counted=True)).failed == ["stage: wrote no report"]
    assert runner.run(stage(write("<testsuite/>"), counted=True)).failed == ["stage: ran no test"]


def test_an_old_report_does_not_count(reports: Path) -> None:
    (reports / "stage.xml").write_text(REPORT)
    assert runner.run(stage("pass", counted=True)).failed == ["stage: wrote no report"]


@pytest.mark.parametrize(
    ("outcome", "require_all", "code", "last"),
    [
        (runner.Outcome(passed=2), True, 0, "2 passed, 0 failed, 0 skipped"),
        (runner.Outcome(passed=2, skipped=["x"]), False, 0, "2 passed, 0 failed, 1 skipped"),
        (runner.Outcome(passed=2, skipped=["x"]), True, 1, "2 passed, 1 failed, 0 skipped"),
        (runner.Outcome(failed=["x"]), False, 1, "0 passed, 1 failed, 0 skipped"),
    ],
)
def test_the_last_line_and_the_exit_code(
    capsys: pytest.CaptureFixture[str], outcome: runner.Outcome, require_all: bool, code: int, last: str
) -> None:
    assert runner.summarise({"stage": outcome}, require_all=require_all) == code
    assert capsys.readouterr().out.splitlines()[-1] == last
