"""Draws rules, and adverts from the rules' own words, so that about half of the pairs match."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

# Singular and other forms. Regular, irregular, unknown to WordNet, function words, accents, lexemes.
WORDS = {
    "nurse": ["nurses", "Nurse", "NURSES"],
    "man": ["men", "Man"],
    "child": ["children", "children's"],
    "developer": ["developers", "Developer"],
    "company": ["companies"],
    "boss": ["bosses"],
    "bus": ["buses"],
    "carer": ["carers", "Carers"],
    "caseload": ["caseloads"],
    "it": ["IT", "It"],
    "us": ["US"],
    "café": ["cafes", "CAFÉ"],
    "C++": ["c++"],
    ".NET": [".net"],
    "R&D": ["r&d", "R&amp;D"],
    "python": ["Python", "pythons"],
    "teaching": ["Teaching"],
    "teacher": ["teachers"],
    "sales": ["sale", "Sales"],
    "wolf": ["wolves"],
    "Brantocks": ["brantocks", "BRANTOCKS"],
    "data": ["Data"],
    "driver": ["drivers", "driver's"],
    "hgv": ["HGV"],
    "support": ["supports"],
}
FILLERS = [
    "office",
    "working at",
    "the",
    "of",
    "42",
    "London",
    "nice",
    "wanted",
    "team",
    "GmbH",
    "—",
    "&nbsp;",
]
SENTENCE_ENDS = [". The ", "! We ", "\n\n", "<br>", "</p><p>", "<li>", "\n• "]


@dataclass(slots=True)
class Drawn:
    """A rule, and what it is made of."""

    name: str
    source: str
    terms: list[str]
    constructs: set[str] = field(default_factory=set)


class Generator:
    """All draws come from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lists: dict[str, list[str]] = {}

    def ruleset(self, count: int) -> tuple[str, list[Drawn]]:
        """The source of `count` rules and their lists."""
        self.lists = {
            f"list {number}": [self.term() for _ in range(self.random.randint(1, 4))]
            for number in range(3)
        }
        rules = [self.rule(f"rule {number}") for number in range(count)]
        lists = [
            f'list "{name}": ' + ", ".join(f'"{term}"' for term in terms) + ";"
            for name, terms in self.lists.items()
        ]
        self.random.shuffle(lists)
        return "\n".join([rule.source for rule in rules] + lists), rules

    def term(self) -> str:
        length = self.random.choices([1, 2, 3], [5, 4, 1])[0]
        return " ".join(self.random.choices(list(WORDS), k=length))

    def rule(self, name: str) -> Drawn:
        drawn = Drawn(name, "", [])
        # A first positive leaf keeps the condition from being purely negative.
        when = self.leaf(drawn, 0)
        if self.random.random() < 0.8:
            operator = self.random.choice(["and", "or"])
            # After `or`, a condition that holds for an empty advert would be refused.
            other = self.condition(drawn, 2, positive=operator == "or")
            drawn.constructs.add(operator)
            when = f"{when} {operator} {other}"
        unless = ""
        if self.random.random() < 0.25:
            drawn.constructs.add("unless")
            unless = f" unless {self.condition(drawn, 1, positive=False)}"
        path = self.random.choice(["a", "a/b", "a/c", "a/b/d", "e", "e/f"])
        score = self.random.choice(["", " score 2", " score 0.5", " score -1.25"])
        drawn.source = f'rule "{name}": when {when}{unless} then add category "{path}"{score};'
        return drawn

    def condition(self, drawn: Drawn, depth: int, *, positive: bool) -> str:
        form = self.random.choices(
            ["leaf", "and", "or", "not"], [4, 3, 3, 0 if positive else 3] if depth else [1, 0, 0, 0]
        )[0]
        if form == "leaf":
            return self.leaf(drawn, depth)
        drawn.constructs.add(form)
        if form == "not":
            return f"not ({self.condition(drawn, depth - 1, positive=False)})"
        parts = [
            # Of an `and`, one positive part is enough.
            self.condition(drawn, depth - 1, positive=positive and (form == "or" or part == 0))
            for part in range(self.random.randint(2, 3))
        ]
        drawn.constructs.add("parentheses")
        return "(" + f" {form} ".join(parts) + ")"

    def leaf(self, drawn: Drawn, depth: int) -> str:
        prefix = self.random.choices(
            ["", "title ", "description ", "title:", "description:", "title, description "],
            [6, 1 + depth, 1 + depth, 1, 1, 1],
        )[0]
        if prefix:
            drawn.constructs.add("colon" if prefix.endswith(":") else "sticky field")
        if self.random.random() < 0.2:
            name = self.random.choice(list(self.lists))
            drawn.constructs.add("list")
            drawn.terms += self.lists[name]
            return f'{prefix}list "{name}"'
        term = self.term()
        drawn.constructs.add("phrase" if " " in term else "word")
        drawn.terms.append(term)
        return f'{prefix}"{term}"'

    # Adverts

    def adverts(self, rule: Drawn, count: int) -> Iterator[dict[str, str]]:
        for _ in range(count):
            # Nearly all, half or few of the rule's terms stand in the advert.
            share = self.random.choice([0.95, 0.8, 0.5, 0.2])
            placed = [term for term in rule.terms if self.random.random() < share]
            title = [self.spell(term) for term in placed if self.random.random() < 0.5]
            description = [self.spell(term) for term in placed if self.random.random() < 0.7]
            yield {"title": self.text(title) or "Vacancy", "description": self.text(description)}

    def text(self, pieces: list[str]) -> str:
        pieces = pieces + self.random.choices(FILLERS, k=self.random.randint(0, 4))
        self.random.shuffle(pieces)
        joints = [
            self.random.choices([" ", self.random.choice(SENTENCE_ENDS)], [5, 1])[0] for _ in pieces
        ]
        return "".join(piece + joint for piece, joint in zip(pieces, joints, strict=True)).strip()

    def spell(self, term: str) -> str:
        """A term as an advert may have it: other forms, and now and then torn apart or turned round."""
        forms = [
            self.random.choice([word, *WORDS[word]]) if self.random.random() < 0.6 else word
            for word in term.split()
        ]
        if len(forms) > 1:
            fate = self.random.random()
            if fate < 0.08:
                forms.reverse()
            elif fate < 0.16:
                forms.insert(1, self.random.choice(FILLERS))
            elif fate < 0.24:
                return self.random.choice(SENTENCE_ENDS).join(forms)
        joint = self.random.choices([" ", "  ", " <b>", "-", "&nbsp;"], [12, 1, 1, 1, 1])[0]
        return joint.join(forms)
