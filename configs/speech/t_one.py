"""T-one (Russian, made for telephone lines, Apache-2.0) for calltrackd: JSON lines in and out.

    git clone https://github.com/voicekit-team/T-one && cd T-one
    python3.11 -m venv /opt/t-one && /opt/t-one/bin/pip install .
    [[speech.command]]
    name = "t-one"
    languages = ["ru"]
    command = ["/opt/t-one/bin/python", "/etc/calltrackd/speech/t_one.py"]
    sample_rate = 8000

With a folder as its argument it takes the model from there instead of from the network.
"""

import json
import sys

from tone import StreamingCTCPipeline, read_audio

if sys.argv[1:]:
    pipeline = StreamingCTCPipeline.from_local(sys.argv[1])
else:
    pipeline = StreamingCTCPipeline.from_hugging_face()
for line in sys.stdin:
    phrases = pipeline.forward_offline(read_audio(json.loads(line)["file"]))
    answer = [{"start": p.start_time, "end": p.end_time, "text": p.text} for p in phrases]
    sys.stdout.write(json.dumps({"segments": answer}) + "\n")
    sys.stdout.flush()
