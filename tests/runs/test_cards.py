"""The card of a run in a notebook: what is on it at once, and what opens at a click."""

from __future__ import annotations

import re

import fitprint


def parts(run):
    """The texts of a card that are seen at once, and those of the details."""
    page = run._repr_html_()
    details = "".join(re.findall(r"<details.*?</details>", page, re.DOTALL))
    seen = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    return tuple(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)) for text in (seen, details))


def made(**params):
    with fitprint.start_run("mine") as run:
        run.log_params(params)
        run.log_metrics({"training_accuracy_score": 1.0, "val_accuracy": 0.9, "fit_time": 12.5})
        run.set_tag("team", "risk")
        run._writer.skip("model", "max_model_size", "it is too large")
    return run


def test_the_number_what_was_set_and_what_is_missing_are_seen_at_once(store):
    run = made(depth=3, rate=0.1)
    run._writer.add_default_params(["rate"])
    seen, details = parts(run)
    for text in ("mine FINISHED", "val_accuracy 0.9", "training accuracy 1", "depth 3", "model it is too large"):
        assert text in seen, text
    assert seen.index("val_accuracy 0.9") < seen.index("training accuracy 1") < seen.index("depth 3")
    for text in ("3 metrics", "fit_time 12.5", "1 param with default values rate 0.1", "team risk", run.run_id):
        assert text in details, text
        assert text not in seen, text


def test_a_failed_run_says_why_at_once(store):
    with fitprint.start_run("bad") as run:
        run._writer.record.error = {"type": "ValueError", "message": "no rows"}
    assert "ValueError : no rows" in parts(run)[0]


def test_many_params_and_reasons_do_not_fill_the_screen(store):
    run = made(**{f"p{number}": number for number in range(200)})
    for number in range(50):
        run._writer.skip(f"thing {number}", "rule", "because")
    seen, details = parts(run)
    assert len(re.findall(r" p\d+ ", seen)) <= 10
    assert len(re.findall(r"thing \d+ ", seen)) <= 5
    assert "190 more params" in details
    assert "p199 199" in details
    assert "thing 49" in details


def test_text_is_to_the_left_and_lines_break_at_words(store):
    run = made(text="word " * 30, path="x" * 60)
    page = run._repr_html_()
    cells = re.findall(r"<t[dh] style=\"([^\"]+)\">([^<]*)", page)
    assert cells
    assert all("text-align: left" in style for style, _ in cells)
    breaks = {text[:4]: style.rpartition("; ")[2] for style, text in cells}
    assert breaks["word"] == "overflow-wrap: normal"
    assert breaks["xxxx"] == "overflow-wrap: anywhere"
    assert breaks["text"] == "white-space: nowrap"


def test_a_list_shows_children_beneath_their_parent_and_what_was_varied(store):
    with fitprint.start_run("search", group=True):
        for depth in (1, 2):
            with fitprint.start_run("candidate") as run:
                run.log_params({"depth": depth, "rate": 0.1})
                run.log_metric("val_accuracy", depth / 4)
    page = re.sub(r"<[^>]+>", " ", fitprint.runs()._repr_html_())
    assert page.index("search") < page.index("└ depth=1") < page.index("└ depth=2")
    assert "validation accuracy" in page
    assert "rate" not in page
