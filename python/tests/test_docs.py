"""The Python that the documentation tells people to copy works as it stands."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


EXAMPLES = [(page, index) for page in ("docs/python.md", "python/README.md") for index in range(len(blocks(page)))]


@pytest.mark.parametrize(("page", "index"), EXAMPLES)
def test_an_example_of_the_documentation_runs(page, index, tmp_path, monkeypatch, capsys):
    (tmp_path / "build").symlink_to(ROOT / "build")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(page)[index], f"{page}, example {index + 1}", "exec"), {})
    assert re.search(r"[0-9a-f]{16}$", capsys.readouterr().out), "an example ends with a digest"


def test_the_pages_have_examples():
    assert {page for page, _ in EXAMPLES} == {"docs/python.md", "python/README.md"}


def test_the_tests_of_the_page_on_pytest_pass(pytester):
    (block,) = blocks("docs/pytest.md")
    (pytester.path / "build").mkdir()
    (pytester.path / "build" / "firmware.elf").symlink_to(ROOT / "build" / "firmware" / "mps2-an385.elf")
    pytester.makepyfile(test_sample=block)
    pytester.runpytest().assert_outcomes(passed=2)
