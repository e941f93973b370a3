# Run by bare.sh inside the bare root: serves, generates a picture, stops; then what is asked for.
set -euo pipefail
cd /srv/gallery
began=$SECONDS
make run >/run.log 2>&1 &
server=$!
python3 - "$server" <<'PYTHON' || { tail -n 30 /run.log; exit 1; }
"""Wait until it serves; then what README does with curl."""
import json, os, re, sys, time, urllib.request

while True:
    try:
        urllib.request.urlopen("http://localhost:8000/healthz").close()
        break
    except OSError:
        os.kill(int(sys.argv[1]), 0)
        time.sleep(0.5)
key = re.search(r"API key   (\S+)", open("/run.log").read())[1]
request = urllib.request.Request(
    "http://localhost:8000/v1/images/generations",
    json.dumps({"prompt": "美丽的日落海景", "model": "grok-imagine-1.0", "n": 1}).encode(),
    {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
)
with urllib.request.urlopen(request) as answer:
    link = json.load(answer)["data"][0]["url"]
with urllib.request.urlopen(link) as picture:
    assert picture.read(3) == b"\xff\xd8\xff"
PYTHON
echo "make run: served, and a picture came, in $((SECONDS - began)) s"
kill -TERM "$server"
wait "$server" || true
began=$SECONDS
status=0
bash -c "$1" || status=$?
echo "$1: $((SECONDS - began)) s"
exit $status
