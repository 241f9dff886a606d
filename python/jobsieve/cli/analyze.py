"""`jobsieve analyze`: how a text is read."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from jobsieve.cli.context import Context
from jobsieve.cli.output import show_json, show_table
from jobsieve.errors import FileError


@click.command()
@click.argument("text")
@click.option("--rule", is_flag=True, help="Read it as a term of a rule: without markup.")
@click.option("--json", "as_json", is_flag=True, help="Print the words as JSON.")
@click.pass_obj
def analyze(context: Context, text: str, rule: bool, as_json: bool) -> None:
    """Show how TEXT is read: its words, their lemmas, how each came about, and where it stands.

    TEXT is an advert's, plain or HTML; - reads it from standard input.
    """
    from jobsieve import analysis

    if text == "-":
        try:
            text = sys.stdin.buffer.read().decode()
        except UnicodeDecodeError as error:
            raise FileError("read", "standard input", f"byte {error.start} is no UTF-8") from None
    found = analysis.words(text, settings=context.settings(), rule=rule)
    if as_json:
        show_json([asdict(word) for word in found])
        return
    head = ["place", "as given", "word", "lemma", "how", "as a verb", "sentence"]
    rows = [
        (
            f"{word.start}-{word.end}",
            word.text,
            word.folded,
            word.lemma,
            "; or ".join([word.how + (", a name" if word.name_like else ""), *word.spellings]),
            word.verb,
            word.sentence + 1,
        )
        for word in found
    ]
    show_table(head, rows)
