"""Audio of calls into transcripts, tags by words and the talk map."""
