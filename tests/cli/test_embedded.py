"""What an embedded receiver gives the audit that it was started for."""

import os
import signal
import time
from pathlib import Path

from ghlctl.cli.audit_options import OWN_LOG_S, MeansFlags, bounds_for, means_of
from ghlctl.cli.embedded import embedded
from ghlctl.cli.processes import started
from ghlctl.scenario.audit_config import AuditConfig
from ghlctl.signing.catalogue import scheme_named


def test_an_embedded_receiver_brings_its_log_and_a_key_that_it_was_never_told_of(
    tmp_path: Path,
) -> None:
    with embedded("optimized", state=str(tmp_path)) as receiver:
        means = means_of(MeansFlags(), AuditConfig(), receiver)
        log, record = means.logs
        assert log.is_file()
        assert record.name == "audit.jsonl"
        assert "compliance export" in means.store_cmd
        assert means.intrusive
        assert means.second_key is not None
        scheme_named(receiver.scheme).read_signing_key(means.second_key)
        assert receiver.key_ref is not None
        known = Path(receiver.key_ref.removeprefix("file:")).read_bytes()
        assert means.second_key != known
        assert bounds_for(receiver, AuditConfig()).log_within_s == OWN_LOG_S
        named = means_of(MeansFlags(logs=("other.log",)), AuditConfig(), receiver)
        assert named.logs == (Path("other.log"),)
    assert not log.exists()


def test_what_a_child_says_to_stderr_stands_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    words = ["serve", "--port", "0", "--upstream-port", "0", "--supervised"]
    with started([*words, "--state", str(tmp_path)], log=log) as child:
        os.kill(child.said["receiver_pid"], signal.SIGKILL)
        ends_at = time.monotonic() + 60
        while "another starts" not in log.read_text() and time.monotonic() < ends_at:
            time.sleep(0.05)
    assert "another starts" in log.read_text()
