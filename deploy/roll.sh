#!/bin/sh
# Starts the web processes anew, one after the other: the next one only when this one answers. Run as root.
set -eu
for port in 8001 8002; do
    systemctl restart "tucai-web@$port"
    for _second in $(seq 120); do
        [ "$(/opt/tucai/.venv/bin/python -c "import urllib.request as r; print(r.urlopen('http://127.0.0.1:$port/health/ready', timeout=5).read().decode())" 2>/dev/null)" = ready ] && continue 2
        sleep 1
    done
    echo "tucai-web@$port 未就绪,另一个保持运行:journalctl -u tucai-web@$port。 It does not become ready; the other one runs on." >&2
    exit 1
done
