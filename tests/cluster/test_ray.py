"""The same command on a cluster: the same result, whatever dies."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cluster.conftest import ADDRESS
from tests.desk_builders import environment, predator

SEARCH = ("optimize", "ma_cross", "--method", "random", "--runs", "400", "--json")
WALK = ("walk-forward", "ma_cross", "--train", "8", "--test", "4", "--method", "random", "--runs", "30", "--json")


def begun(home, study):
    """The search on the cluster, under way."""
    words = [*SEARCH, "--cluster", ADDRESS, "--study", str(study)]
    return subprocess.Popen(
        [sys.executable, "-c", "from instance_manager.cli.main import main; main()", *words],
        env=environment(PREDATOR_HOME=str(home)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_rows(running, study, rows):
    for _ in range(1_000):
        kept = study.read_bytes().count(b"\n") if study.exists() else 0
        if kept > rows:
            return kept
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    raise AssertionError("the cluster does nothing")


@pytest.fixture(scope="module")
def alone(home):
    """What the search gives on this machine's cores."""
    done = predator(*SEARCH, home=home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_node_that_dies_in_the_middle_changes_nothing(nodes, home, alone, tmp_path):
    _, second = nodes
    study = tmp_path / "one.study"
    running = begun(home, study)
    kept = wait_for_rows(running, study, 60)
    workers = [one.name() for one in second.processes()]

    second.kill()
    out, errors = running.communicate(timeout=150)

    assert kept < 400, "it was over before the node died"
    assert any("run_chunk" in name or "ray::" in name for name in workers), workers
    assert running.returncode == 0, errors
    assert json.loads(out) == alone


def test_a_killed_process_of_a_node_changes_nothing(nodes, home, alone, tmp_path):
    head, _ = nodes
    study = tmp_path / "one.study"
    running = begun(home, study)
    wait_for_rows(running, study, 60)

    killed = [one for one in head.processes() if one.name().startswith("ray::run_chunk")]
    for one in killed:
        one.kill()
    out, errors = running.communicate(timeout=150)

    assert killed
    assert running.returncode == 0, errors
    assert json.loads(out) == alone


def test_a_killed_command_is_continued_there_or_here(nodes, home, alone, tmp_path):
    study = tmp_path / "one.study"
    running = begun(home, study)
    wait_for_rows(running, study, 60)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=30)
    kept = study.read_bytes().count(b"\n") - 1
    copied = tmp_path / "two.study"
    copied.write_bytes(study.read_bytes())

    there = predator(*SEARCH, "--cluster", ADDRESS, "--study", str(study), home=home)
    here = predator(*SEARCH, "--study", str(copied), home=home)

    assert 60 <= kept < 400
    assert f"has {kept} runs already" in there.stderr
    assert json.loads(there.stdout) == json.loads(here.stdout) == alone


def test_a_walk_forward_on_the_cluster_is_that_of_one_machine(nodes, home):
    there, here = predator(*WALK, "--cluster", ADDRESS, home=home), predator(*WALK, home=home)

    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == json.loads(here.stdout)


@pytest.mark.parametrize(
    ("address", "said"),
    [("127.0.0.1:1", "nobody listens there"), ("127.0.0.1", "give HOST:PORT"), ("127.0.0.1:99999", "nobody listens")],
)
def test_where_no_cluster_is_the_command_says_so(home, address, said):
    done = predator(*SEARCH, "--cluster", address, home=home)

    assert done.returncode == 2
    assert said in done.stderr


def test_ray_is_the_only_thing_that_listens_and_only_on_loopback(nodes):
    listed = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    addresses = {line.split()[3].rpartition(":")[0] for line in listed.splitlines()}

    assert addresses <= {"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"}
    assert os.environ["PREDATOR_CLUSTER"] == "1"
