"""The proof by coverage: a real suite runs in the small project, and a tag on a test that runs nothing is found out."""

import os
import subprocess
import sys

import pytest

from roadmap.proof import unproved
from roadmap.survey import survey

STOCK = """
MOST = 5


def reserve():
    '''Reserves.

    Roadmap: trade/stock
    '''
    return "reserved"


def release():
    return "released"
"""
TEST = """
import pytest

from shop import stock


@pytest.mark.roadmap("trade/stock")
def test_tagged(): {tagged}


def test_other(): {other}
"""
NOT_RUN = [
    "trade/stock: no tagged test runs a line of shop.stock.reserve; tagged are tests/shop/test_stock.py::test_tagged",
]


@pytest.fixture
def unproved_when(project):
    """Runs a suite of two tests, one of them tagged, and returns what the proof has to say about it."""

    def suite(
        tagged: str, other: str = "stock.release()", options: tuple[str, ...] = ("--cov-context=test",)
    ) -> list[str]:
        project.write("tests/shop/test_stock.py", TEST.format(tagged=tagged, other=other))
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir=.", "-p", "pytest_cov", "-p", "xdist"]
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": os.environ["PATH"]}
        command += ["-p", "no:cacheprovider", "--cov=shop", "--cov-report=", *options]
        subprocess.run(command, cwd=project.root, env=alone, check=True, capture_output=True)
        return list(unproved(survey(project.root), project.root / ".coverage"))

    project.write("shop/stock.py", STOCK)
    return suite


def test_tagged_test_that_runs_the_tagged_code_proves_it(unproved_when):
    assert unproved_when("stock.reserve()") == []


def test_tagged_test_that_runs_nothing_proves_nothing(unproved_when):
    assert unproved_when("...") == NOT_RUN


def test_tagged_test_that_runs_its_neighbour_proves_nothing(unproved_when):
    assert unproved_when("stock.release()") == NOT_RUN


def test_test_without_the_tag_proves_nothing(unproved_when):
    assert unproved_when("...", other="stock.reserve()") == NOT_RUN


def test_parallel_workers_prove_as_well(unproved_when):
    options = ("--cov-context=test", "-n2", "--dist=loadgroup")

    assert unproved_when("stock.reserve()", options=options) == []
    assert unproved_when("...", other="stock.reserve()", options=options) == NOT_RUN


def test_branch_coverage_proves_as_well(unproved_when):
    options = ("--cov-context=test", "--cov-branch")

    assert unproved_when("stock.reserve()", options=options) == []
    assert unproved_when("...", options=options) == NOT_RUN


def test_code_without_functions_only_has_to_be_loaded(project, unproved_when):
    limits = 'class Limits:\n    """Roadmap: trade/stock"""\n\n    MOST = 5\n\n    def __str__(self): ...\n'
    project.write("shop/stock.py", f"{limits}\n\ndef release(): ...\n")

    assert unproved_when("...") == []


def test_topic_that_only_a_template_shows_rests_on_its_test(project, unproved_when):
    project.replace("shop/stock.py", "    Roadmap: trade/stock\n", "")
    project.write("shop/templates/stock.html", "{# Roadmap: trade/stock #}\n")

    assert unproved_when("...") == []


def test_code_of_the_suite_itself_ran_with_the_suite(project, unproved_when):
    project.replace("shop/stock.py", "    Roadmap: trade/stock\n", "")
    project.write("tests/factories.py", '"""Roadmap: trade/stock"""\n\n\ndef desk(): ...\n')

    assert unproved_when("...") == []


def test_without_names_of_tests_there_is_no_proof(project, unproved_when):
    assert unproved_when("stock.reserve()", options=()) == [
        f"{project.root}/.coverage: knows no tests by name; run the suite with --cov-context=test",
    ]


def test_without_data_there_is_no_proof(project):
    (fault,) = unproved(survey(project.root), project.root / ".coverage")

    assert fault.endswith("does not exist; run the suite with --cov --cov-context=test first")
