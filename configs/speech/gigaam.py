"""GigaAM v2 (Russian, MIT) by sherpa-onnx for calltrackd: a line of JSON in, one out.

    python3 -m venv /opt/gigaam && /opt/gigaam/bin/pip install sherpa-onnx numpy
    # unpack sherpa-onnx's model sherpa-onnx-nemo-ctc-giga-am-v2-russian-2025-04-19 there
    [[speech.command]]
    name = "gigaam"
    languages = ["ru"]
    command = ["/opt/gigaam/bin/python", "/etc/calltrackd/speech/gigaam.py", "/opt/gigaam/model"]

Its pieces are letters with times; words are made of them here.
"""

import json
import sys
import wave
from pathlib import Path

import numpy as np
from sherpa_onnx import OfflineRecognizer

folder = Path(sys.argv[1])
recognizer = OfflineRecognizer.from_nemo_ctc(
    model=str(folder / "model.int8.onnx"), tokens=str(folder / "tokens.txt"), num_threads=1
)
LETTER_S = 0.04


def words_of(letters, times):
    """Letters with their times, spaces between words."""
    words = []
    for letter, at in zip([" ", *letters], [0.0, *times], strict=True):
        if letter.strip() == "":
            words.append(None)
        elif words and words[-1] is None:
            words[-1] = {"word": letter, "start": at, "end": at + LETTER_S}
        elif words:
            words[-1]["word"] += letter
            words[-1]["end"] = at + LETTER_S
    return [word for word in words if word]


for line in sys.stdin:
    with wave.open(json.loads(line)["file"]) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
    stream = recognizer.create_stream()
    stream.accept_waveform(rate, samples)
    recognizer.decode_stream(stream)
    heard = stream.result
    words = words_of(heard.tokens, heard.timestamps)
    answer = {"text": heard.text, "words": words}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
