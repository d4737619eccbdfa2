"""Whether the web of this container answers: ends with 0 when /health/ready says so. Docker asks every ten seconds."""

import os
import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PORT']}/health/ready", timeout=8) as answer:
        sys.exit(answer.read() != b"ready")
except (OSError, urllib.error.URLError) as error:
    sys.exit(str(error))
