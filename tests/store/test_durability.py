"""Nothing that was acknowledged is lost or altered, on any database."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
from dataclasses import dataclass
from typing import IO

import pytest

from jobsieve.publishing import export_files, import_files
from jobsieve.store import ObjectText, Store, joined, open_store

HOSTILE = (
    "'; drop table objects; --",
    '" or ""="',
    "100% _like_ \\",
    "\\",
    ":name %(name)s %s {name} ?",
    "/* */ -- #",
    "$$ $1 $tag$",
    "0x00 \\0 \\x00",
    "\t\x01\x1f\x7f",
    "\r\n",
    "Cafe cafe café cafe\u0301 ",
    "\ufeff\u200b\u202e",
    "👩‍💻 \U0010ffff",
    "NULL",
    "ß ẞ İ ı",
)


def hostile_rules(count: int) -> list[ObjectText]:
    draw = random.Random(29)
    rules = []
    for number in range(count):
        name = "".join(draw.choices(HOSTILE, k=2)) + str(number)
        source = "".join(draw.choices(HOSTILE, k=draw.randrange(12))) * draw.choice((1, 1, 1, 90))
        rules.append(ObjectText("rule", name, source, f"{number % 40:02}/'x' é.rules"))
    return sorted(rules, key=lambda item: item.file)


def test_10_000_hostile_names_and_bodies_come_back_byte_for_byte(store: Store) -> None:
    rules = hostile_rules(10_000)

    store.commit(rules, base_version=None, author="'; --", note="%s", publish=True)

    found = store.read(1)
    assert [ObjectText(each.kind, each.name, each.source, each.file) for each in found] == rules
    assert joined(found) == joined(rules)
    # One that differs from all others by an accent, a case or a blank is found again.
    edited = [ObjectText("rule", rules[7].name, "edited", rules[7].file), *rules[:7], *rules[8:]]
    done = store.commit(edited, base_version=1, author="ann", publish=True)
    assert done.changed == (("rule", rules[7].name),)
    assert [each.name for each in store.changes(1, 2).opened] == [rules[7].name]


def test_rules_of_hostile_words_travel_through_import_and_export(store: Store) -> None:
    words = [word.replace("\\", "").replace('"', "").strip() for word in HOSTILE]
    text = "".join(
        f'# {word!r}\nrule "{number}; drop table objects; -- {word}":\r\n'
        f'  when "w{number} %s :a" then add category "it/{number}";\n'
        for number, word in enumerate(words)
        if word.isprintable()
    )

    import_files(store, {"a/'x'.rules": text}, author="ann")

    assert export_files(store) == {"a/'x'.rules": text}


WRITER = """
import sys
from jobsieve.errors import StaleBase
from jobsieve.store import ObjectText, open_store

url, writer, edits = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open_store(url) as store:
    print("open", flush=True)
    sys.stdin.readline()
    number = 1
    while number <= edits:
        base = store.head()
        objects = {item.name: item for item in ([] if base is None else store.read(base))}
        objects[writer] = ObjectText("rule", writer, f"{writer} {number}", "a.rules")
        try:
            store.commit(objects.values(), base_version=base, author=writer, publish=True)
        except StaleBase:
            print("conflict", flush=True)
            continue
        print(number, flush=True)
        number += 1
"""


@dataclass(slots=True)
class Writer:
    process: subprocess.Popen[bytes]
    acknowledged: int = 0
    conflicts: int = 0
    is_open: bool = False
    rest: bytes = b""

    def read(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line == b"open":
                self.is_open = True
            elif line == b"conflict":
                self.conflicts += 1
            else:
                self.acknowledged = int(line)


@pytest.mark.timeout(300)
def test_of_two_writers_one_of_which_is_killed_no_acknowledged_edit_is_lost(new_url: str) -> None:
    edits = int(os.environ.get("JOBSIEVE_TEST_EDITS", "20"))
    writers = {
        name: Writer(
            subprocess.Popen(
                [sys.executable, "-c", WRITER, new_url, name, str(edits)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        for name in ("survivor", "doomed")
    }
    open_ends: dict[IO[bytes], Writer] = {}
    for writer in writers.values():
        assert writer.process.stdout is not None
        open_ends[writer.process.stdout] = writer
    begun = False
    while open_ends:
        for end in select.select(list(open_ends), [], [])[0]:
            data = os.read(end.fileno(), 4096)
            if not data:
                del open_ends[end]
                end.close()
                continue
            open_ends[end].read(data)
            if not begun and all(writer.is_open for writer in writers.values()):
                begun = True
                for writer in writers.values():
                    assert writer.process.stdin is not None
                    writer.process.stdin.close()
            if writers["doomed"].acknowledged >= edits // 2:
                writers["doomed"].process.kill()
    survivor, doomed = writers["survivor"], writers["doomed"]

    assert survivor.process.wait() == 0
    assert doomed.process.wait() != 0
    with open_store(new_url, create=False) as store:
        texts = {name: [item.source for item in store.history("rule", name)] for name in writers}
        versions = store.versions()
    assert texts["survivor"] == [f"survivor {number}" for number in range(1, edits + 1)]
    # The last of the other may have been committed and its acknowledgement cut off.
    assert len(texts["doomed"]) in (doomed.acknowledged, doomed.acknowledged + 1)
    assert texts["doomed"] == [f"doomed {n}" for n in range(1, len(texts["doomed"]) + 1)]
    # Each edit is a version of its own: none was laid over another.
    assert len(versions) == sum(map(len, texts.values()))
    assert survivor.conflicts + doomed.conflicts >= 1
