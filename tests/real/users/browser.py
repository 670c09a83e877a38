# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that check their answers, over connections that stay, until a file appears: PORT STOP
import http.client, os, sys, threading

port, stop = int(sys.argv[1]), sys.argv[2]
wanted = {"/index.html": b"hello\n", "/p/index.html": b"hello\n", "/r/index.html": b"hello\n",
          "/x/1": b"x/1-/x/1"}
count, wrong = [0] * 4, []


def work(k):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    while not os.path.exists(stop):
        for path, want in wanted.items():
            c.request("GET", path)
            r = c.getresponse()
            got = r.read()
            if r.status != 200 or got != want:
                wrong.append((path, r.status, got))
            count[k] += 1


def guarded(k):
    try:
        work(k)
    except Exception as e:
        wrong.append(repr(e))


threads = [threading.Thread(target=guarded, args=(k,)) for k in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sum(count), "requests,", len(wrong), "wrong", wrong[:3])
sys.exit(bool(wrong) or not all(count))
