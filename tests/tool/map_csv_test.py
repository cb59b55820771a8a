#!/usr/bin/python3
# brood map --csv reads what Python's csv module reads: map_csv_test.py BIN
# SPDX-License-Identifier: Apache-2.0
#
# BROOD_FUZZ_ROUNDS says how many random files are compared, BROOD_FUZZ_SEED which ones.
import csv
import io
import os
import random
import shlex

from tooltest import ToolTest, main

ROUNDS = int(os.environ.get("BROOD_FUZZ_ROUNDS", 300))
SEED = int(os.environ.get("BROOD_FUZZ_SEED", 1))
MARK = "@row"


def python_rows(text, separator):
    """The rows that have columns, and whether a quote is not closed."""
    def read(what):
        return [row for row in csv.reader(io.StringIO(what, newline=""), delimiter=separator) if row]
    return read(text), read(text + "\nend")[-1:] != [["end"]]


def well_formed(dice, separator):
    parts = ["a", "b c", "", '"', '""', ",", ";", "\n", "\r\n", "\r", " ", "5\" x", "é", "漢字", "'", "\\", "\t", "|", "#"]
    to = io.StringIO(newline="")
    writer = csv.writer(to, delimiter=separator, lineterminator=dice.choice(["\n", "\r\n", "\r"]),
                        quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    for _ in range(dice.randrange(1, 6)):
        writer.writerow(["".join(dice.choices(parts, k=dice.randrange(4))) for _ in range(dice.randrange(1, 5))])
    text = to.getvalue()
    return text.rstrip("\r\n") if dice.randrange(4) == 0 else text


def messy(dice, separator):
    return "".join(dice.choices(['"', '"', separator, "\n", "\r", "\r\n", "a", "b", " ", ";", "é", '""'], k=dice.randrange(30)))


class Csv(ToolTest):
    def rows(self, text, separator, status):
        done = self.brood("map", "--no-journal", "--dry-run", "--csv", "--colsep", separator, MARK,
                          input=text.encode(), status=status)
        rows = []
        for word in shlex.split(done.stdout.decode()):
            if word == MARK:
                rows.append([])
            else:
                rows[-1].append(word)
        return rows

    def compare(self, text, separator):
        expected, is_open = python_rows(text, separator)
        rows = self.rows(text, separator, 125 if is_open else 0)
        if is_open:  # an error, where Python takes the rest of the file for one column
            self.assertEqual(rows, expected[:-1], repr(text))
        else:
            self.assertEqual(rows, expected, repr(text))

    def test_random_files(self):
        dice = random.Random(SEED)
        for _ in range(ROUNDS):
            separator = dice.choice([",", ",", ";", "\t", "|"])
            make = dice.choice([well_formed, messy])
            self.compare(make(dice, separator), separator)

    def test_a_quote_within_a_column_is_a_character(self):
        done = self.brood("map", "-k", "--csv", "--header", ":", "echo", "{name}", "{size}",
                          input=b'name,size\npipe 5" x,1\nplain,2\n')
        self.assertEqual(done.stdout, b'pipe 5" x 1\nplain 2\n')


if __name__ == "__main__":
    main()
