"""Whisper for calltrackd: a line of JSON in, a line of JSON out. MIT models, no licence fee.

    python3 -m venv /opt/whisper && /opt/whisper/bin/pip install faster-whisper
    [[speech.command]]
    name = "whisper"
    languages = ["ru", "uk", "en", "kk"]
    command = ["/opt/whisper/bin/python", "/etc/calltrackd/speech/whisper.py", "small"]

The model (tiny, small, medium, large-v3 …, or a folder) comes from the network the first time.
"""

import json
import sys

from faster_whisper import WhisperModel

model = WhisperModel(sys.argv[1], device="auto", compute_type="int8")
for line in sys.stdin:
    asked = json.loads(line)
    segments, _ = model.transcribe(
        asked["file"],
        language=asked["language"],
        word_timestamps=True,
        condition_on_previous_text=False,  # a phrase is not made up from the one before
    )
    answer = [
        {
            "start": one.start,
            "end": one.end,
            "text": one.text,
            "words": [
                {"word": w.word, "start": w.start, "end": w.end, "probability": w.probability}
                for w in one.words or ()
            ],
        }
        for one in segments
    ]
    sys.stdout.write(json.dumps({"segments": answer}) + "\n")
    sys.stdout.flush()
