"""Phrase rules against the naive way: each rule a regular expression over the call's text.

    python bench/phrases.py [rules] [transcripts]

Words are drawn as in speech (Zipf), rules from the same words: half plain phrases of one to three
words, the rest with gaps, lists and beginnings. The naive side gets the easier task: forms as they
are written, no lemmas, no sides, no windows. It is measured on a part and scaled. Prints the time a
call, the ratio, and what the words cost when they come one by one, as they do live.
"""

import gc
import random
import re
import sys
import time

from calltrackd.model.transcript import Transcript, Turn, Word
from calltrackd.settings.phrases import Phrase
from calltrackd.tagging.phrases.phrases import Phrases

WORDS_A_CALL = 450
NAIVE_CALLS = 20
VOCABULARY = 12_000

random.seed(4)
_SYLLABLES = [c + v for c in "бвгдзклмнпрст" for v in "аеиоуы"]
_ENDINGS = ("", "а", "у", "ом", "ы", "ов", "ами", "ить", "ил", "ите")


def vocabulary() -> list[str]:
    stems = {"".join(random.choices(_SYLLABLES, k=random.randint(2, 4))) for _ in range(2500)}
    forms = [stem + ending for stem in sorted(stems) for ending in _ENDINGS]
    random.shuffle(forms)
    return forms[:VOCABULARY]


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
        side = "operator" if n % 30 else "caller"
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


def timed(work) -> float:
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure(count: int, calls: list[Transcript], words: list[str]) -> float:
    rules = [rule(n, words) for n in range(count)]
    phrases = Phrases([ours for ours, _ in rules])
    built = timed(lambda: phrases.find(calls[0]))
    learned = timed(lambda: [phrases.find(one) for one in calls])
    found = [0]

    def ours() -> None:
        found[0] = sum(len(phrases.find(one)) for one in calls)

    again = timed(ours)

    def naive() -> None:
        for one in calls[:NAIVE_CALLS]:
            text = " ".join(turn.text for turn in one.turns)
            for pattern in patterns:
                pattern.search(text)

    patterns = [re.compile(expression) for _, expression in rules]
    slow = timed(naive) / NAIVE_CALLS
    each = again / len(calls)
    print(
        f"{count:6} rules  compiled in {built:5.2f} s (dictionary included)  "
        f"new words {learned / len(calls) * 1e3:6.2f} ms a call  "
        f"known words {each * 1e3:6.3f} ms a call  {found[0] / len(calls):5.1f} held a call"
    )
    print(f"{'':6} naive regular expressions {slow * 1e3:8.1f} ms a call: {slow / each:.0f} times")
    return slow / each


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
    each = timed(work) / len(calls) / WORDS_A_CALL
    print(f"  live, word by word, 1000 rules: {each * 1e6:.2f} us a word")


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    words = vocabulary()
    calls = [call(words) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)]
    for count in (1000, most):
        measure(count, calls, words)
    live(words, calls)


if __name__ == "__main__":
    main()
