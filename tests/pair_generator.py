"""Draws rules, and adverts from the rules' own words, so that about half of the pairs match."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jobsieve import _core
from tests.reference_matcher import FIELDS, settings_of

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
    "cook": ["cooking", "cooked", "cooks"],
    "manage": ["managed", "managing"],
    # Compounds, signs, amounts.
    "frontend": ["front-end", "front end", "Front/End", "frontends"],
    "fork-lift": ["forklift", "fork lift", "Forklifts"],
    "co-ordinator": ["coordinator", "Co ordinator"],
    "7.5t": ["7.5 tonne", "7.5T"],
    "35k": ["£35k", "£35K"],
    "R&D2": ["R&amp;D2", "R D2", "r&d2"],
    "A+": ["a+", "A", "A++"],
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
    # Values with which its comparisons compare, by field.
    values: dict[str, list[Any]] = field(default_factory=dict)
    constructs: set[str] = field(default_factory=set)


PLACES = ["Leeds", "York", "St. Helens", "Köln", "hull"]
# How a rule may write a number.
NUMBERS = {
    "20000": 20_000,
    "£30k": 30_000,
    "40_000": 40_000,
    "0.5m": 500_000,
    "-5": -5,
    "9.75": 9.75,
}
DAYS = ["2025-12-31", "2026-01-01", "2026-02-28", "2026-11-25"]

# Categories that early rules add and remove, and late rules refer to.
EARLY = ["a", "a/b", "a/c", "a/b/d", "e", "e/f"]
LATE = ["z", "z/y"]


class Generator:
    """All draws come from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lists: dict[str, list[str]] = {}

    def ruleset(self, count: int) -> tuple[str, list[Drawn]]:
        """The source of `count` rules and their lists. The last quarter refers to categories."""
        self.lists = {
            f"list {number}": [
                self.term(Drawn("", "", [])) for _ in range(self.random.randint(1, 4))
            ]
            for number in range(3)
        }
        lists = [f'list "{name}": {", ".join(terms)};' for name, terms in self.lists.items()]
        rules: list[Drawn] = []
        while len(rules) < count:
            late = len(rules) >= count * 3 // 4
            drawn = self.rule(f"rule {len(rules)}", late=late)
            # A purely negative condition is refused, and drawn again.
            source = "\n".join([drawn.source, *lists])
            ruleset, _ = _core.compile([("", source)], settings=settings_of("wordnet-plus"))
            if ruleset is not None:
                rules.append(drawn)
        self.random.shuffle(lists)
        return "\n".join([rule.source for rule in rules] + lists), rules

    def rule(self, name: str, *, late: bool) -> Drawn:
        drawn = Drawn(name, "", [])
        when = self.condition(drawn, 3)
        if late and self.random.random() < 0.7:
            drawn.constructs.add("category")
            reference = f'category "{self.random.choice(EARLY)}"'
            form = self.random.choice(["{1}", "{1} and {0}", "{1} or {0}", "{0} and not {1}"])
            when = form.format(f"({when})", reference)
        unless = ""
        if self.random.random() < 0.25:
            drawn.constructs.add("unless")
            unless = f" unless {self.condition(drawn, 1)}"
        paths = self.random.sample(LATE if late else EARLY, 2)
        score = self.random.choice(["", " score 2", " score 0.5", " score -1.25"])
        actions = [f'add category "{paths[0]}"{score}']
        if self.random.random() < 0.15:
            star = self.random.choice(["", "/*"])
            actions.append(f'remove category "{paths[1]}{star}"')
        if self.random.random() < 0.15:
            value = self.random.choice(['"senior"', '"junior"', "2.5", "true"])
            actions.append(f'set "{self.random.choice(["level", "kind"])}" = {value}')
        drawn.source = f'rule "{name}": when {when}{unless} then {", ".join(actions)};'
        return drawn

    def condition(self, drawn: Drawn, depth: int) -> str:
        forms = ["leaf", "and", "or", "not", "group", "list count", "near", "compare"]
        weights = [5, 2, 4, 2, 2, 1, 2, 2] if depth else [5, 0, 0, 0, 0, 1, 2, 2]
        form = self.random.choices(forms, weights)[0]
        match form:
            case "and" | "or":
                drawn.constructs |= {form, "parentheses"}
                parts = [self.condition(drawn, depth - 1) for _ in range(self.random.randint(2, 3))]
                return "(" + f" {form} ".join(parts) + ")"
            case "not":
                drawn.constructs.add("not")
                return f"not ({self.condition(drawn, depth - 1)})"
            case "group":
                parts = [self.condition(drawn, depth - 1) for _ in range(self.random.randint(2, 4))]
                count = self.random.randint(1, len(parts))
                head = self.random.choice(["any", "all", "none", f"at least {count}"])
                drawn.constructs.add(head.rstrip(" 1234") + " of")
                return f"{head} of ({', '.join(parts)})"
            case "list count":
                name = self.random.choice(list(self.lists))
                drawn.terms += self.lists[name]
                drawn.constructs.add("of list")
                count = self.random.randint(1, len(self.lists[name]))
                return f'{self.random.choice(["all", f"at least {count}"])} of list "{name}"'
            case "near":
                return self.proximity(drawn)
            case "compare":
                return self.comparison(drawn)
        return self.leaf(drawn)

    def comparison(self, drawn: Drawn) -> str:
        name = self.random.choice([name for name, kind in FIELDS.items() if kind != "text"])
        kind = FIELDS[name]
        drawn.constructs.add(kind)
        by_kind: dict[str, list[tuple[str, Any]]] = {
            "number": [*NUMBERS.items()],
            "keyword": [(f'"{place}"', place) for place in PLACES],
            "date": [(f'"{day}"', day) for day in DAYS],
            "boolean": [("true", True), ("false", False)],
        }
        values = by_kind[kind]
        forms = ["=", "!="]
        if kind != "boolean":
            forms += ["in"]
        if kind in ("number", "date"):
            forms += ["<", "<=", ">", ">=", "between"]
        form = self.random.choice(forms)
        drawn.constructs.add(form)
        count = {"in": self.random.randint(1, 3), "between": 2}.get(form, 1)
        chosen = self.random.sample(values, count)
        drawn.values.setdefault(name, []).extend(value for _, value in chosen)
        if form == "between":
            low, high = sorted(chosen, key=lambda pair: pair[1])
            return f"{name} between {low[0]} and {high[0]}"
        written = [text for text, _ in chosen]
        return (
            f"{name} in ({', '.join(written)})" if form == "in" else f"{name} {form} {written[0]}"
        )

    def proximity(self, drawn: Drawn) -> str:
        """A chain; its operands take the field that stands before it."""
        name = self.random.choice(["near", "before"])
        drawn.constructs.add(name)
        operands = [self.operand(drawn) for _ in range(self.random.choices([2, 3], [4, 1])[0])]
        distance = self.random.choice([0, 1, 3, 10])
        field = self.random.choice(["", "", "title:", "description:"])
        return "(" + field + f" {name}/{distance} ".join(operands) + ")"

    def operand(self, drawn: Drawn) -> str:
        form = self.random.choices(["term", "list", "group"], [6, 1, 1])[0]
        if form == "list":
            return self.list_of(drawn)
        if form == "group":
            return f"({self.term(drawn)} or {self.term(drawn)})"
        return self.term(drawn)

    def list_of(self, drawn: Drawn) -> str:
        name = self.random.choice(list(self.lists))
        drawn.constructs.add("list")
        drawn.terms += self.lists[name]
        return f'list "{name}"'

    def leaf(self, drawn: Drawn) -> str:
        prefix = self.random.choices(
            [
                *("", "title ", "description ", "title:", "description:", "title, description "),
                *("company ", "title, company:"),
            ],
            [6, 1, 1, 1, 1, 1, 0.5, 0.5],
        )[0]
        if "company" in prefix:
            drawn.constructs.add("text")
        if prefix:
            drawn.constructs.add("colon" if prefix.endswith(":") else "sticky field")
        if self.random.random() < 0.2:
            return prefix + self.list_of(drawn)
        return prefix + self.term(drawn)

    def term(self, drawn: Drawn) -> str:
        """A term as a rule has it, with modifiers, stars and slop."""
        length = self.random.choices([1, 2, 3], [5, 4, 1])[0]
        words = self.random.choices(list(WORDS), k=length)
        if self.random.random() < 0.2:
            words = [self.random.choice([word, *WORDS[word]]) for word in words]
            words = [word for word in words if "&amp;" not in word] or ["nurse"]
        form = self.random.choices(["", "exact ", "case ", "any form "], [12, 1, 1, 1])[0]
        starred = form != "any form " and self.random.random() < 0.1
        if starred and len(words[-1]) > 3 and words[-1][:4].isalpha():
            words[-1] = words[-1][:4] + "*"
            drawn.constructs.add("prefix")
        slop = ""
        if len(words) > 1 and self.random.random() < 0.2:
            slop = f"~{self.random.randint(0, 4)}"
            drawn.constructs.add("slop")
        drawn.constructs.add(form.strip() or ("phrase" if len(words) > 1 else "word"))
        term = f'{form}"{" ".join(words)}"{slop}'
        drawn.terms.append(term)
        return term

    # Adverts

    def adverts(self, rule: Drawn, count: int) -> Iterator[dict[str, Any]]:
        for _ in range(count):
            # Nearly all, half or few of the rule's terms stand in the advert.
            share = self.random.choice([1.0, 0.95, 0.8, 0.3])
            placed = [term for term in rule.terms if self.random.random() < share]
            title = [self.spell(term) for term in placed if self.random.random() < 0.6]
            description = [self.spell(term) for term in placed if self.random.random() < 0.85]
            advert: dict[str, Any] = {
                "title": self.text(title) or "Vacancy",
                "description": self.text(description),
            }
            company = [self.spell(term) for term in placed if self.random.random() < 0.4]
            fields = {name: self.value(name, near) for name, near in rule.values.items()}
            if company:
                fields["company"] = self.text(company)
            # Most adverts say nothing in most fields.
            given = {name: value for name, value in fields.items() if self.random.random() < 0.9}
            yield {**advert, "fields": given} if given else advert

    def value(self, name: str, near: list[Any]) -> Any:
        """A value of the field, often one of those that the rule names or one beside it."""
        chosen = self.random.choice(near)
        match FIELDS[name]:
            case "number":
                return self.random.choice([chosen, chosen, chosen - 1, chosen + 0.5, 35_000])
            case "date":
                return self.random.choice([chosen, chosen, *DAYS])
            case "boolean":
                return self.random.random() < 0.5
        spelt = self.random.choice([chosen, chosen.upper(), f" {chosen.lower()} "])
        other = self.random.choice([*PLACES, "Bath"])
        return self.random.choice([spelt, spelt, other, [spelt, other], [other, "Ely"], []])

    def text(self, pieces: list[str]) -> str:
        pieces = pieces + self.random.choices(FILLERS, k=self.random.randint(0, 4))
        self.random.shuffle(pieces)
        joints = [
            self.random.choices([" ", self.random.choice(SENTENCE_ENDS)], [5, 1])[0] for _ in pieces
        ]
        return "".join(piece + joint for piece, joint in zip(pieces, joints, strict=True)).strip()

    def spell(self, term: str) -> str:
        """A term as an advert may have it: other forms, and now and then torn apart or turned round."""
        words = term.split('"')[1].replace("*", "").split()
        forms = [
            self.random.choice([word, *WORDS.get(word, [word + "s", word.upper()])])
            if self.random.random() < 0.6
            else word
            for word in words
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
