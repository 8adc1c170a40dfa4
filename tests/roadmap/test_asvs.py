"""The table of security requirements can neither forget one nor boast; each rule fires on a project that breaks it."""

import pytest

from roadmap import asvs
from roadmap.tree import Tree

SOURCE = """
[requirements]
"6.2.1" = [1, "Long."]
"6.2.2" = [2, "Changeable."]
"7.2.3" = [3, "Random."]
"9.1.1" = [1, "Signed."]
[documents]
"6.2.2" = "`docs/passwords.md`"
[outside]
"9.1.1" = "There are no tokens."
[gaps]
"7.2.3" = "Not yet."
"""
TEST = '@pytest.mark.asvs("6.2.1")\ndef test_short_password_is_refused(): ...\n'


@pytest.fixture
def ledger(project):
    project.write(asvs.SOURCE, SOURCE)
    project.write("docs/passwords.md", "# Passwords\n")
    project.write("tests/test_passwords.py", TEST)
    asvs.write(Tree(project.root))
    return project


def faults(project):
    return list(asvs.faults(Tree(project.root)))


def test_project_without_a_list_has_no_faults(project):
    assert faults(project) == []


def test_sound_list_has_no_faults_and_is_told_with_its_tests(ledger):
    page = (ledger.root / asvs.PAGE).read_text()

    assert faults(ledger) == []
    assert "| 6.2.1 | 1 | Long. | Shown by [`test_short_password_is_refused`](../../tests/test_passwords.py) |" in page
    assert "| 7.2.3 | 3 | Random. | **Gap**: Not yet. |" in page
    assert "| 1 | 2 | 1 | 0 | 1 | 0 |" in page


@pytest.mark.parametrize(
    ("path", "old", "new", "fault"),
    [
        (asvs.SOURCE, '"7.2.3" = "Not yet."', "", "7.2.3 has no answer; it needs exactly one kind of answer"),
        ("tests/test_passwords.py", '"6.2.1"', '"6.2.1", "7.2.3"', "7.2.3 has gaps and tests"),
        (asvs.SOURCE, "[gaps]", '[gaps]\n"6.2.2" = "No."', "6.2.2 has documents and gaps"),
        (asvs.SOURCE, "[gaps]", '[gaps]\n"1.1.1" = "No."', '[gaps] names "1.1.1", which is no requirement'),
        (asvs.SOURCE, "docs/passwords.md", "docs/keys.md", "6.2.2 names docs/keys.md, which is not there"),
        (asvs.SOURCE, "`docs/passwords.md`", "somewhere", "6.2.2 names no file, which is not there"),
        ("tests/test_passwords.py", '"6.2.1"', '"6.2.1", "6.9.9"', 'asvs "6.9.9" is no requirement'),
        (asvs.SOURCE, "Long.", "Longer.", "is stale; `make roadmap` writes it anew"),
    ],
)
def test_fault_is_named(ledger, path, old, new, fault):
    ledger.replace(path, old, new)

    assert any(fault in line for line in faults(ledger))
