"""heliograph.py against a real Redis with TLS and a stand-in for GitHub.

HELIOGRAPH_SANDBOX names the program that starts both: cargo test -p heliograph-sandbox --test python
"""
from __future__ import annotations

import faulthandler
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from heliograph import Helios, Mailbox, Message, NotSent, _Mark, _State  # noqa: E402

SANDBOX = os.environ['HELIOGRAPH_SANDBOX']
LIMIT = 15.0


class Program:
    """A part of the sandbox."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([SANDBOX, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.values = {}
        for line in self.process.stdout:
            if line == 'ready\n':
                return
            name, _, value = line.rstrip('\n').partition('=')
            self.values[name] = value
        raise RuntimeError('the sandbox did not start')

    def order(self, order):
        self.process.stdin.write(json.dumps(order) + '\n')
        self.process.stdin.flush()
        assert self.process.stdout.readline() == 'done\n'

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(LIMIT)
        self.process.stdin.close()
        self.process.stdout.close()


class Ear(threading.Thread):
    """Listens beside the test and keeps what came."""

    def __init__(self, helios):
        super().__init__(daemon=True)
        self.helios, self.came, self.error = helios, queue.Queue(), None
        self.start()

    def run(self):
        try:
            for message in self.helios.listen():
                self.came.put(message)
        except Exception as error:
            self.error = error

    def next(self) -> Message:
        return self.came.get(timeout=LIMIT)

    def nothing(self, seconds=0.3):
        try:
            raise AssertionError(f'{self.came.get(timeout=seconds)} came')
        except queue.Empty:
            pass


def eventually(condition, what='it'):
    until = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f'{what} did not come to pass in time')
        time.sleep(0.01)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='heliograph-test-')
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.start_redis()
        self.open_ends = []
        self.addCleanup(lambda: [end.close() for end in reversed(self.open_ends)])

    def start_redis(self):
        self.server = Program('redis', '--folder', str(self.home / 'redis'))
        self.addCleanup(self.server.end)
        self.url, self.ca = self.server.values['UPSTASH_REDIS_URL'], self.server.values['SSL_CERT_FILE']
        self.raw = redis.from_url(self.url, ssl_ca_certs=self.ca)
        self.addCleanup(self.raw.close)

    def stop_redis(self):
        self.raw.connection_pool.disconnect()
        self.server.end()

    def helios(self, name='helios', peer='chad', **settings):
        settings = {'state': self.home / f'{name}.json', 'heartbeat': 0.3, 'patience': 0.3, 'url': self.url,
                    'ssl_ca_certs': self.ca, **settings}
        helios = Helios.connect(name, peer, **settings)
        self.open_ends.append(helios)
        return helios

    def both(self, **settings):
        return self.helios(**settings), self.helios('chad', 'helios', **settings)

    def listening(self, helios, channels=1):
        ear = Ear(helios)
        wanted = f'{helios.peer}→{helios.name}'
        eventually(lambda: self.raw.pubsub_numsub(wanted)[0][1] == channels, 'the subscription')
        return ear

    def begun_at_now(self):
        """Somebody listened before and has gone."""
        ear = self.listening(self.helios())
        ear.helios.close()
        ear.join(LIMIT)

    def publish(self, channel, **envelope):
        return self.raw.publish(channel, json.dumps(envelope))

    def record(self, channel, **envelope):
        self.raw.xadd(f'record:{channel}', {'m': json.dumps(envelope)})

    def kept(self, name='helios'):
        return json.loads((self.home / f'{name}.json').read_text())


class TheRecord(Case):
    def test_a_task_goes_over_and_its_answer_comes_back(self):
        helios, chad = self.both()
        heard, there = self.listening(helios), self.listening(chad)
        id = helios.send_task({'what': 'Grüße →'}, priority='urgent', expires=time.time() + 60)
        task = there.next()
        self.assertEqual((task.id, task.kind, task.sender, task.channel), (id, 'task', 'helios', 'helios→chad-urgent'))
        self.assertEqual((task.data, task.priority, task.expired), ({'what': 'Grüße →'}, 'urgent', False))
        self.assertEqual(task.envelope['v'], 1)
        self.assertLess(abs(task.timestamp - time.time()), 10)
        chad.send('response', {'task_id': id, 'status': 'done'}, reply_to=id)
        self.assertEqual(heard.next().reply_to, id)
        entries = self.raw.xrange('record:helios→chad-urgent')
        self.assertEqual([json.loads(fields[b'm'])['id'] for _, fields in entries], [id])
        self.assertEqual(self.raw.exists('record:heartbeat'), 0)
        heard.nothing()
        there.nothing()

    def test_what_was_sent_while_nobody_listened_comes_first_and_once(self):
        first = self.helios()
        ear = self.listening(first)
        self.publish('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'live', 'data': 0})
        self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'live', 'data': 0})
        self.assertEqual(ear.next().id, 'live')
        eventually(lambda: 'chad live' in self.kept()['seen'])
        first.close()
        ear.join(LIMIT)
        chad = self.helios('chad', 'helios')
        sent = [chad.send_task(number) for number in range(250)]
        again = self.listening(self.helios())
        self.assertEqual([again.next().id for _ in sent], sent)
        live = chad.send_task('after')
        self.assertEqual((again.next().id, again.came.empty()), (live, True))
        again.nothing()

    def test_the_first_start_begins_at_now(self):
        self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'old', 'data': 0})
        ear = self.listening(self.helios())
        ear.nothing()
        self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'new', 'data': 0})
        self.assertEqual((ear.next().id, self.kept()['cursors']['broadcast']), ('new', '0-0'))

    def test_an_answer_that_comes_before_anybody_listens_is_not_missed(self):
        there = self.listening(self.helios('chad', 'helios'))
        helios = self.helios()
        id = helios.send_task('quick')
        self.assertEqual(there.next().id, id)
        there.helios.send('response', {'status': 'done'}, reply_to=id)
        self.assertEqual(next(helios.listen()).reply_to, id)

    def test_a_live_message_moves_no_cursor_past_a_hole(self):
        beats = self.raw.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(beats.close)
        beats.subscribe('heartbeat')
        helios = self.helios(heartbeat=3600)
        ear = self.listening(helios)
        eventually(lambda: beats.get_message(timeout=0.1), 'the only heartbeat')
        # What comes after it is handed out after the reading that it brings about.
        self.publish('chad→helios', **{'from': 'chad', 'id': 'now'})
        self.assertEqual(ear.next().id, 'now')
        # Recorded, but its live copy went astray.
        self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'hole', 'data': 0})
        for number in range(3):
            self.publish('chad→helios', **{'from': 'chad', 'type': 'task', 'id': f'live-{number}', 'data': 0})
            self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': f'live-{number}', 'data': 0})
        self.assertEqual([ear.next().id for _ in range(3)], ['live-0', 'live-1', 'live-2'])
        eventually(lambda: 'chad live-2' in self.kept()['seen'])
        self.assertEqual(self.kept()['cursors']['chad→helios'], '0-0')
        helios.close()
        ear.join(LIMIT)
        again = self.listening(self.helios(heartbeat=3600))
        message = again.next()
        self.assertEqual((message.id, message.way), ('hole', 'record'))
        again.nothing()

    def test_the_cursor_stays_near_under_steady_traffic(self):
        helios = self.helios(heartbeat=3600)
        ear = self.listening(helios)
        chad = self.helios('chad', 'helios')
        sent = [chad.send_task(number) for number in range(450)]
        self.assertEqual([ear.next().id for _ in sent], sent)
        entries = [entry.decode() for entry, _ in self.raw.xrange('record:chad→helios')]
        eventually(lambda: self.kept()['cursors']['chad→helios'] in entries[199:], 'the reading forward')
        ear.nothing()

    def test_a_record_that_lost_our_place_is_read_from_its_beginning(self):
        helios = self.helios()
        ear = self.listening(helios)
        chad = self.helios('chad', 'helios')
        kept = [chad.send_task(number) for number in range(2)]
        self.assertEqual([ear.next().id for _ in kept], kept)
        eventually(lambda: self.kept()['cursors']['chad→helios'] != '0-0')
        helios.close()
        ear.join(LIMIT)
        # A server without its data, whose clock is behind.
        self.raw.delete('record:chad→helios')
        self.raw.xadd('record:chad→helios', {'m': json.dumps({'from': 'chad', 'id': kept[0]})}, id='5-0')
        self.raw.xadd('record:chad→helios', {'m': json.dumps({'from': 'chad', 'id': 'lost'})}, id='6-0')
        with self.assertLogs('heliograph', logging.WARNING):
            again = self.listening(self.helios())
            self.assertEqual(again.next().id, 'lost')
        again.nothing()
        self.assertEqual(self.kept()['cursors']['chad→helios'], '6-0')

    def test_after_the_end_nothing_more_is_handed_out(self):
        chad = self.helios('chad', 'helios')
        self.begun_at_now()
        one, two = (chad.send_task(number) for number in range(2))
        helios = self.helios()
        came = []
        for message in helios.listen():
            came.append(message.id)
            helios.close()
        self.assertEqual(came, [one])
        self.assertEqual(self.listening(self.helios()).next().id, two)

    def test_what_was_being_handled_comes_again_and_what_was_handled_does_not(self):
        chad = self.helios('chad', 'helios')
        self.begun_at_now()
        one, two, three = (chad.send_task(number) for number in range(3))

        def taken(count, fail):
            came = []
            try:
                with self.helios() as helios:
                    for message in helios.listen():
                        came.append(message.id)
                        if len(came) == count:
                            if fail:
                                raise ValueError
                            break
            except ValueError:
                pass
            return came

        self.assertEqual(taken(2, fail=True), [one, two])
        self.assertEqual(taken(1, fail=False), [two])
        self.assertEqual(taken(1, fail=False), [three])

    def test_what_is_odd_breaks_nothing(self):
        ear = self.listening(self.helios())
        self.raw.publish('chad→helios', b'\xff\xfe')
        self.raw.publish('chad→helios', '{"from":"chad","data":NaN}')
        self.raw.publish('chad→helios', '[' * 100_000)
        self.raw.xadd('record:chad→helios', {'other': 'field'})
        self.raw.publish('chad→helios', '{"from":"chad","type":"ping","id":"\\ud800"}')
        self.publish('chad→helios', **{'from': ['?'], 'type': None, 'id': 7, 'timestamp': 1763888400500})
        odd = ear.next()
        self.assertEqual((odd.sender, odd.kind, odd.id, odd.timestamp), ('chad', 'message', '7', 1763888400.5))
        self.publish('chad→helios', **{'from': 'chad', 'data': 'without an id'})
        self.publish('chad→helios', **{'from': 'chad', 'data': 'without an id'})
        self.assertEqual([ear.next().data for _ in range(2)], ['without an id'] * 2)
        ear.nothing()

    def test_the_file_is_for_us_alone_and_a_broken_one_is_no_end(self):
        helios = self.helios()
        ear = self.listening(helios)
        eventually(lambda: (self.home / 'helios.json').exists())
        self.assertEqual((self.home / 'helios.json').stat().st_mode & 0o777, 0o600)
        helios.close()
        ear.join(LIMIT)
        (self.home / 'helios.json').write_text('{"cursors":')
        with self.assertLogs('heliograph', logging.ERROR):
            ear = self.listening(self.helios())
        self.publish('chad→helios', **{'from': 'chad', 'id': 'x'})
        self.assertEqual(ear.next().id, 'x')


class TheFile(unittest.TestCase):
    def test_what_is_being_handled_is_not_in_it_yet(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'deep', 'state.json')
            state = _State(path)
            state.hand_out('chad one', _Mark(channel='broadcast', entry='5-0'))
            state.save()        # another thread may have reason to
            self.assertEqual((_State(path).seen, _State(path).cursors), ({}, {}))
            state.confirm()
            self.assertEqual((_State(path).seen, _State(path).cursors), ({'chad one': None}, {'broadcast': '5-0'}))
            for number in range(10_001):
                state.remember(f'chad {number}')
            self.assertEqual((len(state.seen), 'chad one' in state.seen), (10_000, False))


class TheLink(Case):
    def test_heartbeats_go_out_and_a_ping_is_answered(self):
        helios = self.helios()
        heard = self.raw.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(heard.close)
        heard.subscribe('heartbeat', 'helios→chad')
        ear = self.listening(helios)
        self.publish('chad→helios', **{'from': 'chad', 'type': 'ping', 'id': 'p1', 'data': {}})
        came = {}
        until = time.monotonic() + LIMIT
        while (len(came.get('heartbeat', [])) < 3 or 'pong' not in came) and time.monotonic() < until:
            got = heard.get_message(timeout=0.2)
            if got:
                envelope = json.loads(got['data'])
                came.setdefault(envelope['type'], []).append(envelope)
        self.assertGreaterEqual(len(came['heartbeat']), 3)
        self.assertEqual([(pong['reply_to'], pong['data']) for pong in came['pong']], [('p1', {'ping': 'p1'})])
        ear.nothing(0)

    def test_it_comes_back_after_the_server_did_and_misses_nothing(self):
        helios = self.helios()
        ear = self.listening(helios)
        self.record('chad→helios', **{'from': 'chad', 'id': 'before', 'data': 0})
        self.assertEqual(ear.next().id, 'before')
        folder = self.home / 'redis'
        os.kill(int((folder / 'redis.pid').read_text()), signal.SIGTERM)
        with self.assertRaises(NotSent) as caught:
            while True:
                helios.send_task('into the void')
        self.assertTrue(caught.exception.id)
        self.assertNotIn(self.raw.connection_pool.connection_kwargs['password'], str(caught.exception))
        # The same server as before, but for its data.
        again = subprocess.Popen(['redis-server', str(folder / 'redis.conf')], stdout=subprocess.DEVNULL)
        self.addCleanup(again.wait, LIMIT)
        self.addCleanup(again.terminate)
        self.raw.connection_pool.disconnect()
        eventually(self.answers, 'the server')
        self.assertEqual(self.raw.exists('record:chad→helios'), 0)
        self.record('chad→helios', **{'from': 'chad', 'id': 'meanwhile', 'data': 0})
        self.assertEqual(ear.next().id, 'meanwhile')
        ear.nothing()

    def answers(self):
        try:
            return self.raw.ping()
        except redis.ConnectionError:
            return False

    def test_a_connection_cut_behind_its_back_is_made_again_and_caught_up(self):
        ear = self.listening(self.helios())
        for round in range(5):
            self.raw.client_kill_filter(_type='pubsub')
            self.record('chad→helios', **{'from': 'chad', 'id': f'm{round}', 'data': 0})
            self.assertEqual(ear.next().id, f'm{round}')
        ear.nothing()

    def test_a_connection_that_only_looks_alive_is_given_up(self):
        helios = self.helios(heartbeat=0.2)
        ear = self.listening(helios)
        # The server no longer says anything to us, and the connection stays.
        helios._redis.publish, publish = lambda *_: 0, helios._redis.publish
        with self.assertLogs('heliograph', logging.WARNING) as logs:
            eventually(lambda: any('heartbeat comes back' in line for line in logs.output))
        helios._redis.publish = publish
        self.publish('chad→helios', **{'from': 'chad', 'id': 'x'})
        self.record('chad→helios', **{'from': 'chad', 'id': 'x'})
        self.assertEqual(ear.next().id, 'x')

    def test_a_refused_password_is_said_and_raised(self):
        url = self.url.replace(self.raw.connection_pool.connection_kwargs['password'], 'wrong-password')
        with self.assertLogs('heliograph', logging.ERROR) as logs:
            with self.assertRaises(redis.AuthenticationError):
                next(self.helios(url=url).listen())
            with self.assertRaises(redis.AuthenticationError):
                self.helios(url=url).send_task(1)
        self.assertNotIn('wrong-password', ' '.join(logs.output))

    def test_many_threads_may_send(self):
        helios, chad = self.both()
        ear, other = self.listening(chad), self.listening(helios)
        threads = [threading.Thread(target=lambda: [helios.send_task(n) for n in range(20)]) for _ in range(5)]
        [thread.start() for thread in threads]
        ids = {ear.next().id for _ in range(100)}
        [thread.join() for thread in threads]
        self.assertEqual(len(ids), 100)
        other.nothing(0)


class TheMailbox(Case):
    def setUp(self):
        super().setUp()
        self.github = Program('github')
        self.addCleanup(self.github.end)
        # Nothing goes by chance to where the environment points.
        for name in ('GITHUB_TOKEN', 'GITHUB_REPOSITORY', 'GITHUB_API_URL', 'GITHUB_ALLOWED'):
            self.addCleanup(os.environ.__setitem__, name, os.environ[name]) if name in os.environ else None
            os.environ.pop(name, None)

    def mailbox(self, **settings):
        values = self.github.values
        return Mailbox(values['GITHUB_TOKEN'], values['GITHUB_REPOSITORY'], values['GITHUB_API_URL'], **settings)

    def agent(self, name='helios', peer='chad', **settings):
        mailbox = settings.pop('mailbox', None) or self.mailbox()
        return self.helios(name, peer, mailbox=mailbox, **{'poll': 0.2, 'poll_while_away': 0.2, **settings})

    def look(self, path):
        values = self.github.values
        with self.ask(f'/repos/{values["GITHUB_REPOSITORY"]}{path}') as answer:
            return json.load(answer)

    def ask(self, path):
        values = self.github.values
        headers = {'Authorization': f'Bearer {values["GITHUB_TOKEN"]}', 'User-Agent': 'test'}
        request = urllib.request.Request(values['GITHUB_API_URL'] + path, headers=headers)
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)

    def look_now(self, helios):
        with helios._changed:
            helios._poll_now = True
            helios._changed.notify_all()

    def polling(self, helios):
        ear = self.listening(helios)
        eventually(lambda: self.kept(helios.name)['mailbox'], 'the first poll')
        return ear

    def test_a_task_that_nobody_heard_stands_in_the_mailbox_and_the_record_and_comes_once(self):
        chad = self.polling(self.agent('chad', 'helios'))
        chad.helios.close()
        chad.join(LIMIT)
        id = self.agent().send_task({'what': '```json\n{}\n```'})
        [issue] = self.look('/issues?labels=heliograph')
        self.assertEqual(issue['title'], 'heliograph: helios→chad')
        [comment] = self.look('/issues/1/comments')
        self.assertTrue(comment['body'].startswith('```json\n{'))
        self.assertEqual(self.raw.xlen('record:helios→chad'), 1)
        again = self.listening(self.agent('chad', 'helios'))
        task = again.next()
        self.assertEqual((task.id, task.data), (id, {'what': '```json\n{}\n```'}))
        eventually(lambda: self.look(f'/issues/comments/{comment["id"]}')['reactions']['eyes'] == 1, 'the mark')
        again.nothing()

    def test_without_redis_the_mailbox_carries_both_ways(self):
        helios, chad = self.agent(), self.agent('chad', 'helios')
        heard, there = self.polling(helios), self.polling(chad)
        self.stop_redis()
        id = helios.send_task('by mail')
        task = there.next()
        self.assertEqual((task.id, task.way, task.channel), (id, 'mailbox', 'helios→chad'))
        chad.send('response', {'status': 'done'}, reply_to=id)
        self.assertEqual((heard.next().reply_to, len(self.look('/issues?state=all'))), (id, 2))
        helios.close()
        chad.close()
        # What is handled stays so.
        self.assertIn(f'helios {id}', self.kept('chad')['seen'])

    def test_only_whole_comments_of_allowed_people_are_trusted(self):
        self.mailbox().post('chad→helios', '{}')
        helios = self.agent(mailbox=self.mailbox(allowed=['Newcomers-Agent']))
        ear = self.polling(helios)

        def comment(login, id, body='```json\n%s\n```'):
            envelope = json.dumps({'from': 'chad', 'type': 'task', 'id': id})
            self.github.order({'comment': {'login': login, 'issue': 1, 'body': body.replace('%s', envelope)}})

        with self.assertLogs('heliograph', logging.WARNING) as logs:
            comment('stranger', 'a')
            comment('newcomers-agent', 'b', 'no block: %s')
            comment('newcomers-agent', 'c', '```json\n%s\n```\n```json\n%s\n```')
            comment('newcomers-agent', 'd', 'Said:\r\n```json\r\n%s\r\n```\r\n')
            self.assertEqual(ear.next().id, 'd')
            # Edited before it was seen: nothing is asked meanwhile.
            with helios.mailbox._lock:              # nor is a question under way
                helios.mailbox.not_before = time.monotonic() + 1000
            comment('newcomers-agent', 'e')
            last = max(one['id'] for one in self.look('/issues/1/comments'))
            self.github.order({'edit': {'comment': last, 'body': '```json\n{"from":"chad","id":"forged"}\n```'}})
            comment('newcomers-agent', 'f')
            helios.mailbox.not_before = 0.0
            self.look_now(helios)
            self.assertEqual(ear.next().id, 'f')
            for reason in ('not allowed', '0 blocks', '2 blocks', 'edited'):
                eventually(lambda: any(reason in line for line in logs.output), reason)
        ear.nothing()

    def test_what_is_known_costs_nothing_and_limits_are_obeyed(self):
        ear = self.polling(self.agent(poll=0.02))
        mailbox, looks = ear.helios.mailbox, []
        before, ask = self.used(), mailbox._ask_anew
        mailbox._ask_anew = lambda path: looks.append(path) or ask(path)
        eventually(lambda: len(looks) >= 20, 'twenty looks')
        self.assertLessEqual(self.used() - before, 3)   # our own question, and the first look
        self.github.order({'misbehave': {'secondary': {'retry_after': 1}}})
        eventually(lambda: mailbox.not_before > time.monotonic(), 'the limit')
        self.github.order('behave')
        self.assertLess(mailbox.not_before - time.monotonic(), 1.1)
        self.mailbox().post('chad→helios', '{"from":"chad","id":"after"}')
        self.assertEqual(ear.next().id, 'after')
        self.github.order({'misbehave': {'rate_limited': {'reset_in': 100}}})
        eventually(lambda: mailbox.not_before > time.monotonic() + 90, 'the end of the hour')

    def used(self):
        with self.ask('/user') as answer:
            return int(answer.headers['x-ratelimit-used'])

    def test_many_comments_come_page_by_page(self):
        ear = self.polling(self.agent(poll=3600))
        mailbox = self.mailbox()
        mailbox.post('chad→helios', '{"from":"chad","id":"0"}')
        for number in range(1, 230):
            body = '```json\n{"from":"chad","id":"%d"}\n```' % number
            self.github.order({'comment': {'login': 'newcomer', 'issue': 1, 'body': body}})
        self.look_now(ear.helios)
        self.assertEqual([ear.next().id for _ in range(230)], [str(number) for number in range(230)])
        ear.nothing()

    def test_what_goes_nowhere_is_said(self):
        helios = self.agent()
        self.stop_redis()
        for order, text in (({'misbehave': {'unavailable': 503}}, 'short'), ({'misbehave': 'garbage'}, 'short'),
                            ('behave', 'x' * 65_536)):
            self.github.order(order)
            with self.assertRaises(NotSent) as caught:
                helios.send_task(text)
            self.assertNotIn(self.github.values['GITHUB_TOKEN'], str(caught.exception))
        id = helios.send_task('x' * 65_000, id=caught.exception.id)
        self.assertEqual(id, caught.exception.id)

    def test_the_token_goes_nowhere_else(self):
        for address in ('http://example.com', 'ftp://localhost', 'http://localhost.example.com'):
            with self.assertRaises(ValueError):
                Mailbox('token', 'a/b', address)


if __name__ == '__main__':
    faulthandler.dump_traceback_later(900, exit=True)   # a test that hangs is one that fails
    unittest.main()
