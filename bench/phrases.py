"""Phrase rules against the naive way: each rule a regular expression over the call's text.

    python bench/phrases.py [rules] [transcripts]

Words are real forms of Russian, drawn as in speech (Zipf), rules from the same words: half plain
phrases of one to three words, the rest with gaps, lists and beginnings. The naive side gets the
easier task: forms as they are written, no lemmas, no sides, no windows. It is measured on a part
and scaled. Prints the time of a call when the process has just begun; of a new call when a thousand
others were heard (the median), and before it of its words for the full-text index: every transcript
needs those, and they ask the dictionary for what was never said before; of a call whose words are
all known (the mean of all, the best of some rounds: on a machine with neighbours the others tell of
them); and what words cost when they come one by one, as they do live. Aims: 5 times faster than
naive, 1,000 rules under 1 ms a call.
"""

import gc
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice

from pymorphy3 import MorphAnalyzer

from calltrackd.model.call import Party
from calltrackd.model.transcript import Transcript, Turn, Word
from calltrackd.settings.phrases import Phrase
from calltrackd.tagging.phrases.lemmas import lemmas_of
from calltrackd.tagging.phrases.phrases import Phrases
from calltrackd.tagging.phrases.terms import index_words

WORDS_A_CALL = 450
NAIVE_CALLS = 20
VOCABULARY = 60_000
NEW_CALLS = 200
ROUNDS = 5
AIM_TIMES, AIM_S = 5, 1e-3

random.seed(4)


def vocabulary() -> list[str]:
    """Forms that the dictionary knows, of all beginnings alike."""
    letters = "абвгдежзийклмнопрстуфхцчшщэюя"
    parses = MorphAnalyzer(lang="ru", result_type=None).iter_known_word_parses
    found: set[str] = set()
    while len(found) < VOCABULARY:
        beginning = "".join(random.choices(letters, k=3))
        some = islice((one[0] for one in parses(beginning)), 100)
        found.update(word.replace("ё", "е") for word in some if "-" not in word)
    forms = sorted(found)
    random.shuffle(forms)
    return forms


def drawn(words: list[str], count: int) -> list[str]:
    weights = [1 / (n + 3) for n in range(len(words))]
    return random.choices(words, weights, k=count)


def call(words: list[str]) -> Transcript:
    turns, at = [], 0.0
    texts = drawn(words, WORDS_A_CALL)
    for n in range(0, WORDS_A_CALL, 15):
        said = [
            Word(w, at + k * 0.4, at + k * 0.4 + 0.3, 0.9) for k, w in enumerate(texts[n : n + 15])
        ]
        side: Party = "operator" if n % 30 else "caller"
        turns.append(Turn(side, at, said[-1].end, " ".join(texts[n : n + 15]), 0.9, said))
        at = said[-1].end + 0.5
    return Transcript("vosk", "bench", "ru", at, turns)


def rule(n: int, words: list[str]) -> tuple[Phrase, str]:
    """A rule in our language and as a regular expression."""
    said = [random.choice(words) for _ in range(random.choice((1, 2, 2, 3)))]
    kind = random.randrange(6)
    if kind < 3 or len(said) == 1:
        ours, naive = " ".join(said), r"\b" + " ".join(said) + r"\b"
    elif kind == 3:
        ours, naive = " ..3 ".join(said), r"\b" + r"(?: \w+){0,3} ".join(said) + r"\b"
    elif kind == 4:
        other = random.choice(words)
        ours = f"[{said[0]}, {other}] {' '.join(said[1:])}"
        naive = rf"\b(?:{said[0]}|{other}) {' '.join(said[1:])}\b"
    else:
        ours = f"{said[0][:4]}* {' '.join(said[1:])}"
        naive = rf"\b{said[0][:4]}\w* {' '.join(said[1:])}\b"
    return Phrase(name=f"r{n}", match=ours), naive


def timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure(count: int, calls: list[Transcript], new: list[Transcript], words: list[str]) -> bool:
    """Whether the aims were reached."""
    rules = [rule(n, words) for n in range(count)]
    lemmas_of.cache_clear()
    gc.collect()
    phrases = Phrases([ours for ours, _ in rules])
    built = timed(lambda: phrases.listen("ru"))
    first = timed(lambda: phrases.find(calls[0]))
    for one in calls:
        phrases.find(one)
    index = statistics.median(timed(partial(index_words, one)) for one in new)
    fresh = statistics.median(timed(partial(phrases.find, one)) for one in new)
    found = [0]

    def ours() -> None:
        found[0] = sum(len(phrases.find(one)) for one in calls)

    each = min(timed(ours) for _ in range(ROUNDS)) / len(calls)
    patterns = [re.compile(expression) for _, expression in rules]

    def naive() -> None:
        for one in calls[:NAIVE_CALLS]:
            text = " ".join(turn.text for turn in one.turns)
            for pattern in patterns:
                pattern.search(text)

    slow = min(timed(naive) for _ in range(ROUNDS if count <= 1000 else 1)) / NAIVE_CALLS
    print(
        f"{count:6} rules  compiled in {built:5.2f} s (dictionary included)  "
        f"first call {first * 1e3:6.2f} ms  "
        f"new call {fresh * 1e3:6.3f} ms after {index * 1e3:6.3f} ms of index  "
        f"known words {each * 1e3:6.3f} ms  {found[0] / len(calls):5.1f} held a call"
    )
    print(f"{'':6} naive regular expressions {slow * 1e3:8.1f} ms a call: {slow / each:.0f} times")
    return slow / fresh >= AIM_TIMES and (count > 1000 or max(each, fresh) < AIM_S)


def live(words: list[str], calls: list[Transcript]) -> None:
    """One word at a time, as it is heard."""
    phrases = Phrases([rule(n, words)[0] for n in range(1000)])
    phrases.find(calls[0])

    def work() -> None:
        for one in calls:
            ears = phrases.listen("ru")
            for turn in one.turns:
                for word in turn.words:
                    ears.hear(turn.side, (word,))
            ears.finish(one.duration_s)

    work()
    each = min(timed(work) for _ in range(ROUNDS)) / len(calls) / WORDS_A_CALL
    print(f"  live, word by word, 1000 rules: {each * 1e6:.2f} us a word")


def main() -> int:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    words = vocabulary()
    calls = [call(words) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)]
    new = [call(words) for _ in range(NEW_CALLS)]
    before = {word for one in calls for turn in one.turns for word in turn.text.split()}
    fresh = [{w for turn in one.turns for w in turn.text.split()} - before for one in new]
    print(f"{sum(map(len, fresh)) / len(new):.0f} words of a new call were never said before")
    reached = [measure(count, calls, new, words) for count in (1000, most)]
    live(words, calls)
    return int(not all(reached))


if __name__ == "__main__":
    sys.exit(main())
