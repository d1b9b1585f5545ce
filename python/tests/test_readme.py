"""The README's way for Python users works as it stands, in a virtual environment that it makes itself."""

import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_from_nothing_to_green():
    section = (ROOT / "README.md").read_text("utf-8").split("\n## Python", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    lines = block.splitlines()
    assert lines.pop(0) == "make wheel firmware", "these tests come behind it"
    shutil.rmtree(ROOT / "build" / "venv", ignore_errors=True)
    run = subprocess.run(["sh", "-eu", "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"\d+ passed", run.stdout) and "failed" not in run.stdout, run.stdout


def test_the_test_in_the_readme_passes(pytester):
    section = (ROOT / "README.md").read_text("utf-8").split("\n## Python", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    (pytester.path / "build").symlink_to(ROOT / "build")
    pytester.makepyfile(test_sample=block)
    pytester.runpytest().assert_outcomes(passed=1)
