"""The list of what is not built yet only shrinks, whatever git remembers or forgets."""

BACK = "roadmap/not_yet.txt: trade/java was not on the list in "


def let_java_wait(project):
    project.write("roadmap/not_yet.txt", "trade/soon\ntrade/java\n")
    project.drop_lesson("trade/java")


def test_built_topic_has_to_leave_the_list(project):
    project.write("roadmap/not_yet.txt", "trade/soon\ntrade/stock\n")

    assert project.faults() == [
        "roadmap/not_yet.txt: trade/stock is built; take it off the list and see that it has a lesson",
    ]


def test_topic_that_is_only_tagged_may_wait_for_its_test(project):
    project.replace("shop/stock.py", "trade/stock", "trade/stock, trade/soon")

    assert project.faults() == []


def test_topic_that_comes_back_is_refused_before_it_is_committed(project):
    project.git("init")
    project.commit()

    let_java_wait(project)

    assert [fault[: len(BACK)] for fault in project.faults()] == [BACK]


def test_topic_that_comes_back_is_refused_after_it_was_committed(project):
    project.git("init")
    project.commit()

    let_java_wait(project)
    project.commit()

    assert [fault[: len(BACK)] for fault in project.faults()] == [BACK]


def test_topic_that_is_new_in_the_catalogue_may_wait(project):
    project.git("init")
    project.commit()
    topics = (project.root / "roadmap/topics.toml").read_text("utf-8")

    project.write("roadmap/topics.toml", topics + topics[topics.rindex("[[topic]]") :].replace("soon", "later"))
    project.write("roadmap/not_yet.txt", "trade/soon\ntrade/later\n")

    assert project.faults() == []


def test_without_git_the_list_is_taken_as_it_stands(project):
    let_java_wait(project)

    assert project.faults() == []


def test_topic_that_stands_twice_is_refused(project):
    project.write("roadmap/not_yet.txt", "trade/soon\ntrade/soon\n")

    assert project.faults() == ["roadmap/not_yet.txt: trade/soon stands there 2 times"]
