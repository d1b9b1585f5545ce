"""The tutorial for pytest works as it stands, in the virtual environment of the README's way, which test_readme.py makes."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_tutorial_works_as_it_stands(tmp_path):
    (tmp_path / "build").symlink_to(ROOT / "build")
    blocks = FENCE.findall((ROOT / "docs" / "tutorial-python.md").read_text("utf-8"))
    assert blocks.pop(0)[0] == "sh", "the first block installs the wheel, as the README does"
    said, shown = "", 0
    for language, file, text in blocks:
        if file:
            (tmp_path / file).write_text(text, "utf-8")
        elif language == "sh":
            run = subprocess.run(["sh", "-eu", "-c", text], cwd=tmp_path, capture_output=True, text=True)
            said = run.stdout + run.stderr
            assert run.returncode == 0, said
        else:
            shown += 1
            assert text.strip() in said, f"the tutorial shows {text!r}; what came:\n{said}"
    assert shown == 2
