"""The summary of a run of benchmarks, and what the README shows of it: a sentence and the table of figures.

    python benchmarks/summary.py            # print the table
    python benchmarks/summary.py --write    # put both into README.md, between their marks

Notes: every figure comes out of `summary.json`, which `run_all.py` writes when all benchmarks of a run have ended.
"""

import argparse
import json
from pathlib import Path

__all__ = ["SUMMARY", "between_marks", "markdown", "parts_of", "replaced", "sentence"]

SUMMARY = Path(__file__).with_name("summary.json")
PICTURES = Path(__file__).with_name("pictures")
README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- {} of benchmarks/summary.py -->", "<!-- end of the {} -->"
RIVAL = "retry only"
"""What the sentence shows beside ours: what a program does that takes no care of the limit."""
QUIET = 0.75
"""The load of the machine before a run, in processes, up to which nothing else is said to have run."""


def markdown(summary):
    """Return the table, and the circumstances below it."""
    lines = ["| measured | harvest_async | beside it |", "| --- | --- | --- |"]
    for each in summary["benchmarks"].values():
        lines += [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in each["headlines"]]
    return "\n".join([*lines, "", circumstances(summary)])


def sentence(summary):
    """Return the measured sentence at the top: the first line of the first benchmark."""
    question, ours, others = summary["benchmarks"]["bench_window"]["headlines"][0]
    rival = next(each for each in others.split("; ") if each.startswith(RIVAL))
    return f"Measured, {question}. harvest_async: {ours}; {rival}."


def parts_of(summary):
    """Return what the README shows, by the name in its marks."""
    return {"sentence": sentence(summary), "table": f"{markdown(summary)}\n{pictures()}".rstrip()}


def pictures():
    """Return the line that links the pictures that benchmarks have drawn."""
    links = [f"[{path.stem}](benchmarks/pictures/{path.name})" for path in sorted(PICTURES.glob("*.svg"))]
    return f"Pictures: {', '.join(links)}." if links else ""


def circumstances(summary):
    """Return the sentences below the table: when, on what, by which command, and beside what else."""
    command = f"python -m nox -s benchmarks{' -- --short' if summary['short'] else ''}"
    machine = f"{summary['cores']} cores, {summary['implementation']} {summary['python']}, loopback"
    parts = [f"Measured in one run on {summary['date']} (`{command}`): {machine}.", beside(summary["load"])]
    left_out = sorted({name for each in summary["benchmarks"].values() for name in each["left_out"]})
    failed = [name for name, each in summary["benchmarks"].items() if each["status"]]
    parts += [f"Left out, since not installed: {', '.join(left_out)}."] if left_out else []
    parts += [f"Ended with an error: {', '.join(failed)}."] if failed else []
    return "\n".join(part for part in parts if part)


def beside(load):
    """Return what is to be said of other work on the machine; nothing if there was none."""
    if load is None or load <= QUIET:
        return ""
    return f"Other programs used the machine (load {load} before the run), which makes all times longer."


def between_marks(text, name):
    """Return what a text has between the marks of a part."""
    return text.partition(BEGIN.format(name))[2].partition(END.format(name))[0].strip("\n")


def replaced(text, name, part):
    """Return a text with another part between its marks."""
    before, begin, rest = text.partition(BEGIN.format(name))
    _, end, after = rest.partition(END.format(name))
    return f"{before}{begin}\n\n{part}\n\n{end}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the sentence and the table into README.md")
    parts = parts_of(json.loads(SUMMARY.read_text("utf-8")))
    if parser.parse_args().write:
        text = README.read_text("utf-8")
        for name, part in parts.items():
            text = replaced(text, name, part)
        README.write_text(text, "utf-8")
    print(parts["table"])


if __name__ == "__main__":
    main()
