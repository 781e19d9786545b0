"""A subscriber as the protocol's ten-line script has it: redis-py, with hiredis where it is installed.

Says `ready` when subscribed, and in the end one line of JSON, as the other measuring programs do.
"""

import json
import sys
import time

import redis


def main(port, count):
    listener = redis.Redis(host="127.0.0.1", port=port).pubsub()
    listener.subscribe("helios→chad")
    late = []
    heard = 0
    for message in listener.listen():
        if message["type"] != "message":
            print("ready", flush=True)
            continue
        task = json.loads(message["data"])
        heard += 1
        made_at = int(task["data"]["title"][1:])
        if made_at > 0:
            late.append(time.monotonic_ns() - made_at)
        if heard == count:
            break
    last = time.monotonic_ns()
    late.sort()
    spread = None
    if late:
        spread = {
            "count": len(late),
            "median": late[len(late) // 2] // 1000,
            "p99": late[len(late) * 99 // 100] // 1000,
            "most": late[-1] // 1000,
        }
    print(json.dumps({"last": last, "late": spread}), flush=True)


main(int(sys.argv[1]), int(sys.argv[2]))
