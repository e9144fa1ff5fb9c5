from __future__ import annotations

import io

import pytest

from auto_labeling.studio import Person, Studio
from tests.cli.conftest import Desk
from tests.support.studio import answer, project_of, tasks_of


@pytest.mark.slow
def test_a_person_is_led_through_it(
    studio: Studio,
    crew: tuple[Person, Person, Person],
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = {"yes": "splendid wonderful", "no": "broken awful"}
    texts = [f"{words['yes' if at % 2 else 'no']} order{at}" for at in range(30)]
    project = project_of(studio, texts)
    for at, task in enumerate(tasks_of(studio, project)[:10]):
        answer(studio, task["id"], "yes" if at % 2 else "no", token=crew[0].token)

    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.token)
    typed = ["nothing", str(project), "p", "?", "t", "p", "r", "q"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(typed) + "\n"))
    assert desk.type("interactive", "--url", studio.url) == 0, desk.err
    said = " ".join(desk.out.split())
    assert f"{project} yes or no (30 tasks)" in said
    assert "Expected one of the" in said
    assert "10 of 30 tasks are answered." in said
    assert "No ML backend is connected" in said
    assert "nothing is learned yet; call train first." in said
    assert "Learned from 10 labels (too few to say how good it is); 20 tasks left." in said
    assert "20 tasks show what the model says." in said
    assert desk.out.count("  task ") == 10

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    words_of = ("interactive", "--url", studio.url, "--project")
    assert desk.type(*words_of, str(project)) == 0
    assert desk.type(*words_of, "99999") == 6
    assert "is gone" in desk.err
