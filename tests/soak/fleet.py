"""Helios and a fleet, each a `Helios` of clients/python/heliograph.py: they send numbered tasks and say what became of
them and what they heard, as lines of JSON on standard output. They stop sending when standard input says `rest`, and
end with it.

    fleet.py CLIENT STATE NAMES SECONDS

CLIENT is the folder of heliograph.py, STATE one for what they remember, NAMES have commas between them, and each sends
a task every so many SECONDS. The address is in UPSTASH_REDIS_URL, the mailbox in GITHUB_TOKEN and its like.
"""
import json
import os
import sys
import threading
import time

client, state, names, every = sys.argv[1:]
sys.path.insert(0, client)

import redis  # noqa: E402
from heliograph import Helios, NotSent  # noqa: E402

URGENT_EVERY = 4                # of the first agent's tasks
BEAT = 5.0                      # seconds between an agent's signs of life
AGAIN = 0.5                     # seconds after which what could not be sent is sent again

said = threading.Lock()
rest, end = threading.Event(), threading.Event()


def say(event, **more):
    line = json.dumps({'event': event, **more})
    with said:
        print(line, flush=True)


class Agent(Helios):
    """Tells which ways a message went, and when."""

    def _publish(self, channel, text):
        sent = json.loads(text)
        began = time.time()
        heard = super()._publish(channel, text)
        if sent['type'] == 'task':
            say('recorded', id=sent['id'], agent=self.name, channel=channel, began=began, at=time.time(), heard=heard)
        return heard

    def _post(self, mailbox, channel, text):
        super()._post(mailbox, channel, text)
        say('mailed', id=json.loads(text)['id'], agent=self.name, at=time.time())


def send(agent, urgent, first):
    rest.wait(first)
    number = 0
    while not rest.is_set():
        number += 1
        id = f'{agent.name}-{number}'
        priority = 'urgent' if urgent and number % URGENT_EVERY == 0 else None
        while not end.is_set():
            try:
                agent.send_task({'title': f'Task {id}', 'number': number}, id=id, priority=priority)
                break
            except (NotSent, redis.RedisError, OSError) as error:
                say('failed', id=id, agent=agent.name, at=time.time(), why=f'{type(error).__name__}: {error}')
                end.wait(AGAIN)
        rest.wait(every)


def hear(agent):
    while not end.is_set():
        try:
            for message in agent.listen():
                if message.sender == agent.peer:
                    data = message.data if isinstance(message.data, dict) else {}
                    say('heard', agent=agent.name, id=message.id, reply_to=message.reply_to, kind=message.kind,
                        status=data.get('status'), way=message.way, at=time.time())
        except redis.RedisError:                    # a refused password, which is given back some time
            end.wait(AGAIN)


every = float(every)
names = names.split(',')
settings = {'ssl_ca_certs': os.environ['SSL_CERT_FILE'], 'heartbeat': BEAT}
agents = [Agent.connect(name, state=os.path.join(state, f'{name}.json'), **settings) for name in names]
senders = [
    threading.Thread(target=send, args=(agent, place == 0, every * place / len(agents)), daemon=True)
    for place, agent in enumerate(agents)
]
listeners = [threading.Thread(target=hear, args=(agent,), daemon=True) for agent in agents]
for thread in listeners + senders:
    thread.start()

for line in sys.stdin:
    if line == 'rest\n':
        rest.set()
        for sender in senders:
            sender.join()
        say('resting')
end.set()
for agent in agents:
    agent.close()
