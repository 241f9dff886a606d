"""`jobsieve rules test`: the examples beside the rules, run like unit tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import click

from jobsieve import rule_tests, snapshot
from jobsieve import rules as rule_files
from jobsieve.cli.context import Context
from jobsieve.cli.output import counted, note, show_json
from jobsieve.diagnostics import visible
from jobsieve.errors import FileError, StoreError
from jobsieve.rule_tests import Coverage, Example, Outcome

# Rules named that no example matches.
_MOST_NAMED = 30


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--store", "store_url", metavar="URL", help="Test the live rules of this store.")
@click.option(
    "--coverage", "name_uncovered", is_flag=True, help="Name the rules that no example matches."
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail where examples match fewer of the rules.",
)
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write a JUnit report."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON.")
@click.pass_obj
def test(
    context: Context,
    paths: tuple[Path, ...],
    store_url: str | None,
    name_uncovered: bool,
    fail_under: float | None,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Run the examples beside rules: adverts that must, and must not, get a category.

    PATHs are rule files or folders, by default the working folder; the rules are taken together. The examples
    of it.rules stand in it.examples.jsonl, an advert a line:

    {"title": "Python Developer", "must": ["it/python"], "must_not": ["animals"]}

    A category stands for itself and all below it; {"rule": "NAME"} asks for a rule. The exit status is 1 if
    an example fails.
    """
    if paths and store_url is not None:
        raise click.UsageError("Rules come from PATHs or from --store, not from both.")
    texts, examples = _from_store(context, store_url) if store_url else _from_files(paths)
    built = snapshot.build(list(texts.items()), settings=context.settings())
    outcomes = list(rule_tests.run(rule_tests.Rules(built.ruleset, built.sources), examples))
    coverage = rule_tests.coverage(built.ruleset, outcomes)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if as_json:
        show_json(_as_data(outcomes, coverage))
    else:
        for outcome in failed:
            _show(outcome)
        count = f"{counted(len(outcomes), 'example')}: "
        click.echo(count + (f"{len(failed)} failed" if failed else "all passed"))
        if name_uncovered or fail_under is not None:
            _show_coverage(coverage, name_uncovered=name_uncovered)
    if junit is not None:
        _write_junit(junit, outcomes)
    too_few = fail_under is not None and (coverage.percent or 0.0) < fail_under
    if too_few:
        matched = (
            "no rule" if coverage.percent is None else f"{coverage.percent:.1f} % of the rules"
        )
        note(f"examples match {matched}, fewer than {fail_under:g} %")
    if failed or too_few:
        raise click.exceptions.Exit(1)


def _from_files(paths: Sequence[Path]) -> tuple[dict[str, str], list[Example]]:
    places = paths or (Path(),)
    files = rule_tests.find(places)
    if not files:
        raise FileError(
            "test",
            ", ".join(map(str, places)),
            "no examples stand beside these rules; those of it.rules are in it.examples.jsonl",
        )
    texts = {str(file): rule_files.read_text(file) for file in files}
    examples = [each for name, text in texts.items() for each in rule_tests.read(name, text)]
    return rule_files.read_in_place(places), examples


def _from_store(context: Context, url: str) -> tuple[dict[str, str], list[Example]]:
    texts = context.live_files(url)
    examples = [
        each
        for name, text in texts.items()
        if name.endswith(rule_files.EXAMPLES_SUFFIX)
        for each in rule_tests.read(name, text)
    ]
    if not examples:
        raise StoreError(
            "the live version of the store holds no examples; import them with the folder of their rules"
        )
    return texts, examples


def _show(outcome: Outcome) -> None:
    # Imported where it is used: a tenth of a second.
    from rich.console import Console
    from rich.text import Text

    from jobsieve import explain

    page = Text("FAILED ", "bold red")
    page.append(f"{visible(outcome.example.where)}", "bold")
    page.append(f"  {visible(outcome.example.name)}\n", "not bold")
    for failure in outcome.failures:
        page.append(f"  {visible(failure.expected)}; it {visible(failure.found)}\n", "red")
        for rule in failure.rules:
            told = explain.matched if rule.matched else explain.refusal
            page.append_text(told(rule, outcome.advert))
    if sys.stdout.isatty():
        Console(highlight=False, soft_wrap=True).print(page)
    else:
        click.echo(explain.plain(page))


def _show_coverage(coverage: Coverage, *, name_uncovered: bool) -> None:
    count = len(coverage.covered) + len(coverage.uncovered)
    if coverage.percent is None:
        click.echo("there are no rules that examples could match")
        return
    click.echo(f"{len(coverage.covered)} of {count} rules matched ({coverage.percent:.1f} %)")
    if name_uncovered:
        for name in coverage.uncovered[:_MOST_NAMED]:
            click.echo(f"  no example matches {visible(name)}")
        more = len(coverage.uncovered) - _MOST_NAMED
        if more > 0:
            click.echo(f"  … and {more} more; --json names all")


def _as_data(outcomes: Sequence[Outcome], coverage: Coverage) -> dict[str, object]:
    return {
        "examples": [
            {
                "file": each.example.file,
                "line": each.example.number,
                "name": each.example.name,
                "passed": each.passed,
                "failures": [
                    {"expected": failure.expected, "found": failure.found}
                    for failure in each.failures
                ],
                "matched_rules": list(each.matched),
            }
            for each in outcomes
        ],
        "coverage": {"percent": coverage.percent, "uncovered": list(coverage.uncovered)},
    }


def _write_junit(file: Path, outcomes: Sequence[Outcome]) -> None:
    """The form that build servers read."""
    failed = sum(not outcome.passed for outcome in outcomes)
    suite = ElementTree.Element(
        "testsuite", name="jobsieve", tests=str(len(outcomes)), failures=str(failed)
    )
    for outcome in outcomes:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=visible(outcome.example.file),
            name=f"{outcome.example.number}: {visible(outcome.example.name)}",
        )
        for failure in outcome.failures:
            message = f"{visible(failure.expected)}; it {visible(failure.found)}"
            ElementTree.SubElement(case, "failure", message=message)
    try:
        ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise FileError("write", file, error.strerror or str(error)) from error
