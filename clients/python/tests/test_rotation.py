"""heliograph.py through a change of the key: a real Redis whose password changes, and a stand-in for GitHub.

Needs pyrage. HELIOGRAPH_SANDBOX names the program that starts both: cargo test -p heliograph-sandbox --test python
"""
from __future__ import annotations

import collections
import faulthandler
import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
import unittest
import uuid
from pathlib import Path
from unittest import mock

import pyrage
import redis

sys.path.insert(0, str(Path(__file__).resolve().parent))
import test_heliograph as base  # noqa: E402
from test_heliograph import eventually  # noqa: E402

import heliograph  # noqa: E402


class Words(logging.Handler):
    """Everything that is logged, with the exceptions."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.text = ''

    def emit(self, record):
        self.text += logging.Formatter().format(record) + '\n'


class Case(base.Case):
    mailbox_of = base.TheMailbox.mailbox

    def setUp(self):
        super().setUp()
        self.github = base.Program('github')
        self.addCleanup(self.github.end)
        # Nothing goes by chance to where the environment points.
        kept = {name: value for name, value in os.environ.items() if not name.startswith('GITHUB_')}
        patch = mock.patch.dict('os.environ', kept, clear=True)
        patch.start()
        self.addCleanup(patch.stop)
        self.secrets, self.words = [self.url.split(':')[2].split('@')[0]], Words()
        logging.getLogger('heliograph').addHandler(self.words)
        logging.getLogger('heliograph').setLevel(logging.DEBUG)
        self.addCleanup(self.nothing_was_said)

    def nothing_was_said(self):
        logging.getLogger('heliograph').removeHandler(self.words)
        for secret in self.secrets:
            self.assertNotIn(secret, self.words.text)
        self.assertNotIn('AGE-SECRET-KEY', self.words.text)

    def agent(self, **settings):
        settings = {'poll': 3600, 'poll_while_away': 3600, 'poll_while_refused': 0.1, **settings}
        return self.helios(**{'mailbox': self.mailbox_of(), **settings})

    def fresh(self, user='default'):
        """Another password's address. The server does not know it yet."""
        password = uuid.uuid4().hex
        self.secrets.append(password)
        place = self.url.rsplit('@', 1)[1]
        return password, f'rediss://{user}:{password}@{place}'

    def change_password(self, cut):
        """As the service does it: at once. What stands may go on standing."""
        password, url = self.fresh()
        self.raw.execute_command('ACL', 'SETUSER', 'default', 'resetpass', f'>{password}')
        if cut:
            self.raw.execute_command('CLIENT', 'KILL', 'USER', 'default', 'SKIPME', 'yes')
        self.raw.close()
        self.raw = redis.from_url(url, ssl_ca_certs=self.ca)
        self.addCleanup(self.raw.close)
        return url

    def seal(self, url, to):
        return pyrage.encrypt(url.encode(), [pyrage.x25519.Recipient.from_str(to)], armored=True).decode()

    def sealed(self, url, to, rotation='r1', sender='chad'):
        data = {'rotation_id': rotation, 'sealed': self.seal(url, to)}
        return {'from': sender, 'type': 'rotation.sealed', 'id': str(uuid.uuid4()), 'data': data}

    def leave(self, envelope, channel='chad→helios'):
        self.mailbox_of().post(channel, json.dumps(envelope))

    def said(self, kind):
        """What Helios recorded of this type."""
        entries = [json.loads(fields[b'm']) for _, fields in self.raw.xrange('record:helios→chad')]
        return [entry for entry in entries if entry['type'] == kind]

    def acknowledged(self, rotation='r1'):
        eventually(lambda: [ack['data'] for ack in self.said('rotation.ack')] == [{'rotation_id': rotation}], 'the ack')

    def announce(self, **more):
        data = {'phase': 'announce', 'rotation_id': 'r1'}
        for channel in ('chad→helios', 'broadcast'):
            self.publish(channel, **{'from': 'chad', 'type': 'rotation', 'id': str(uuid.uuid4()), 'data': data, **more})

    def refusals(self):
        return sum(int(entry['count']) for entry in self.raw.acl_log() if entry['reason'] == 'auth')


class TheKey(Case):
    def test_it_is_made_once_and_nobody_else_may_read_it(self):
        first, file = self.agent().public_key, self.home / 'helios.age-key'
        self.assertTrue(first.startswith('age1'))
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(self.agent().public_key, first)
        self.assertEqual([path.name for path in self.home.glob('helios.age-key*')], ['helios.age-key'])
        file.write_text('spoilt')
        with self.assertRaises(RuntimeError):
            self.agent().public_key

    def test_it_is_shown_on_request_and_offered(self):
        ear = self.listening(self.agent())
        for sender, channel in (('sol', 'chad→helios'), ('chad', 'broadcast')):
            self.publish(channel, **{'from': sender, 'type': 'rotation.key.ask', 'id': sender})
            self.assertEqual(ear.next().kind, 'rotation.key.ask')
        self.publish('chad→helios', **{'from': 'chad', 'type': 'rotation.key.ask', 'id': 'ask'})
        eventually(lambda: self.said('rotation.key'))
        ear.helios.offer_key()
        asked, offered = self.said('rotation.key')
        self.assertEqual((asked['reply_to'], asked['data']), ('ask', {'public_key': ear.helios.public_key}))
        self.assertEqual(offered['data'], asked['data'])
        ear.nothing()

    def test_an_announcement_is_answered_once(self):
        ear = self.listening(self.agent())
        self.announce(expires=time.time() - 1)
        self.announce()
        eventually(lambda: self.said('rotation.ready'))
        self.publish('chad→helios', **{'from': 'chad', 'type': 'rotation', 'data': {'phase': 'done'}})
        self.assertEqual(ear.next().data, {'phase': 'done'})
        self.assertEqual([ready['data'] for ready in self.said('rotation.ready')], [{'rotation_id': 'r1'}])

    def test_without_pyrage_everything_else_works(self):
        with mock.patch.object(heliograph, 'pyrage', None):
            ear = self.listening(self.agent())
            with self.assertRaises(RuntimeError):
                ear.helios.public_key
            self.publish('chad→helios', **{'from': 'chad', 'type': 'rotation', 'data': {'phase': 'announce'}})
            self.assertEqual(ear.next().kind, 'rotation')
            self.change_password(cut=True)
            eventually(lambda: ear.error)
            self.assertIsInstance(ear.error, redis.AuthenticationError)


class OnePassword(Case):
    def test_a_refused_helios_waits_for_the_sealed_address_and_misses_nothing_recorded(self):
        helios = self.agent()
        to, ear = helios.public_key, self.listening(helios)
        url = self.change_password(cut=True)
        self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'meanwhile', 'data': 0})
        eventually(lambda: 'Redis refuses the password' in self.words.text)
        task = helios.send_task('by the mailbox')
        self.leave(self.sealed(url, to))
        self.assertEqual(ear.next().id, 'meanwhile')
        self.acknowledged()
        self.assertIsNone(ear.error)
        bodies = [body for _, body, _ in self.mailbox_of().poll('2020-01-01T00:00:00Z') if body]
        self.assertIn(task, [json.loads(body).get('id') for body in bodies])
        self.assertNotIn(url, (self.home / 'helios.json').read_text())
        live = str(uuid.uuid4())
        self.publish('chad→helios', **{'from': 'chad', 'type': 'task', 'id': live, 'data': 0})
        self.assertEqual(ear.next().id, live)

    def test_a_connection_that_the_change_left_alone_moves_after_the_announcement(self):
        helios = self.agent()
        to, ear = helios.public_key, self.listening(helios)
        self.announce()
        eventually(lambda: self.said('rotation.ready'))
        url = self.change_password(cut=False)
        clients = {client['id'] for client in self.raw.client_list() if client['sub'] != '0'}
        self.assertEqual(len(clients), 1)
        self.leave(self.sealed(url, to))
        self.acknowledged()
        eventually(lambda: not clients & {client['id'] for client in self.raw.client_list()}, 'the old one\'s end')
        self.assertIsNone(ear.error)

    def test_a_new_start_with_the_old_address_finds_what_an_earlier_one_opened(self):
        first = self.agent()
        to, ear = first.public_key, self.listening(first)
        url = self.change_password(cut=True)
        self.leave(self.sealed(url, to))
        self.acknowledged()
        first.close()
        ear.join(base.LIMIT)
        self.raw.delete('record:helios→chad')
        again = self.listening(self.agent())
        self.acknowledged()
        self.assertIsNone(again.error)

    def test_the_address_is_kept_only_on_request_until_another_is_given(self):
        first = self.agent(remember_address=True)
        to, ear = first.public_key, self.listening(first)
        url = self.change_password(cut=True)
        self.leave(self.sealed(url, to))
        self.acknowledged()
        first.close()
        ear.join(base.LIMIT)
        file = self.home / 'helios.json'
        self.assertIn(url, file.read_text())
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        before = self.refusals()
        again = self.helios(remember_address=True)
        self.listening(again)
        again.close()
        self.assertEqual(self.refusals(), before)
        given = self.change_password(cut=True)
        self.listening(self.helios(url=given, remember_address=True)).helios.close()
        self.assertNotIn(url, file.read_text())

    def test_without_a_key_or_a_mailbox_a_refusal_is_raised_as_ever(self):
        unknown = self.listening(self.agent())
        alone = self.helios('sol', mailbox=None)
        alone.public_key
        ears = [unknown, self.listening(alone)]
        self.change_password(cut=True)
        for ear in ears:
            eventually(lambda: ear.error)
            self.assertIsInstance(ear.error, redis.AuthenticationError)
            self.assertIsNone(ear.error.__cause__)

    def test_what_is_not_the_peers_or_leads_elsewhere_is_not_followed(self):
        helios = self.agent()
        to, ear = helios.public_key, self.listening(helios)
        url = self.change_password(cut=True)
        eventually(lambda: helios._refused)
        elsewhere = url.replace('localhost', '127.0.0.1')
        self.leave(self.sealed(elsewhere, to))
        self.leave(self.sealed(url.replace('rediss', 'redis'), to))
        self.leave(self.sealed('what', to))
        self.leave(self.sealed(url, to, sender='sol'))
        self.leave(self.sealed(url, to), channel='broadcast')
        self.leave(self.sealed(url, str(pyrage.x25519.Identity.generate().to_public())))
        self.leave(self.sealed(self.fresh()[1], to))
        body = '```json\n' + json.dumps(self.sealed(url, to)) + '\n```'
        self.github.order({'comment': {'login': 'stranger', 'issue': 1, 'body': body}})
        self.leave({'from': 'chad', 'type': 'message', 'id': 'last', 'data': None})
        while ear.next().id != 'last':
            pass
        for words in ('leads to another server', 'cannot be opened', 'author is not allowed'):
            self.assertIn(words, self.words.text)
        eventually(lambda: 'the new address is refused as well' in self.words.text)
        self.assertTrue(helios._refused)
        self.assertEqual(self.said('rotation.ack'), [])
        self.leave(self.sealed(url, to, rotation='right'))
        self.acknowledged('right')


class Talk:
    """Fifty messages a second both ways, with a record and as the ten-line script sends them."""

    def __init__(self, case, helios, chad):
        self.case, self.helios, self.chad = case, helios, chad
        self.ear, self.there = case.listening(helios), case.listening(chad)
        self.sent, self.answered, self.done = [], [], threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self.talk)
        self.thread.start()

    def talk(self):
        try:
            while not self.done.wait(0.02):
                self.sent.append(self.chad.send_task(len(self.sent)))
                bare = len(self.sent)
                self.case.publish('chad→helios', **{'from': 'chad', 'type': 'bare', 'data': bare})
                self.sent.append(bare)
                self.answered.append(self.helios.send('log', len(self.sent)))
        except Exception as error:
            self.error = error

    def goes_on(self):
        more = len(self.sent) + 50
        eventually(lambda: len(self.sent) > more or self.error)

    def ends_well(self, besides=0):
        """Everything came once; `besides` counts what else was said to Helios."""
        case = self.case
        self.done.set()
        self.thread.join(base.LIMIT)
        case.assertIsNone(self.error)
        came = [self.ear.next() for _ in range(len(self.sent) + besides)]
        # A look into the record overtakes what is live and has none.
        came = [message for message in came if message.kind != 'rotation']
        came = collections.Counter(message.data if message.kind == 'bare' else message.id for message in came)
        case.assertEqual(came, collections.Counter(self.sent))
        heard = []
        while len(heard) < len(self.answered):
            message = self.there.next()
            heard += [message.id] if message.kind == 'log' else []
        case.assertEqual(heard, self.answered)
        self.ear.nothing()
        case.assertEqual((case.refusals(), self.ear.error, self.there.error), (0, None, None))


# A Helios that dies like one that is killed, at a step that standard input names.
VICTIM = '''
import inspect, json, os, sys
from heliograph import Helios
order = json.load(sys.stdin)
step = getattr(Helios, order['step'])
def die(self, *rest):
    # Where there is nothing to say yet it is no step.
    if order['step'] == '_acknowledge' and self._to_acknowledge is None:
        return step(self, *rest)
    if order['when'] == 'before':
        os._exit(9)
    if not inspect.isgeneratorfunction(step):
        step(self, *rest)
        os._exit(9)
    return through(self, *rest)
def through(self, *rest):
    yield from step(self, *rest)
    os._exit(9)
setattr(Helios, order['step'], die)
for message in Helios.connect(url=order['url'], state=order['state'], remember_address=order['remember'],
                              ssl_ca_certs=order['ca'], heartbeat=0.3).listen():
    print(message.id, flush=True)
'''


class OverlappingUsers(Case):
    RIGHTS = ('~*', '&*', '+@all')

    def user(self, name):
        password, url = self.fresh(name)
        self.raw.execute_command('ACL', 'SETUSER', name, 'on', f'>{password}', *self.RIGHTS)
        return url

    def gone(self, user):
        eventually(lambda: user not in [client['user'] for client in self.raw.client_list()], f'{user} gone')

    def over(self, phase, rotation='r1'):
        said = {'from': 'chad', 'type': 'rotation', 'id': f'{rotation} {phase}',
                'data': {'phase': phase, 'rotation_id': rotation}}
        self.record('chad→helios', **said)
        self.publish('chad→helios', **said)

    def test_nothing_is_lost_or_doubled_and_nobody_is_refused(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios = self.helios(url=old, remember_address=True)
        to = helios.public_key
        talk = Talk(self, helios, self.helios('chad', 'helios', heartbeat=3600))
        talk.goes_on()
        self.publish('chad→helios', **self.sealed(new, to))
        self.acknowledged()
        self.gone('helios-1')
        talk.goes_on()
        self.assertIn(old, (self.home / 'helios.json').read_text())
        self.over('done')
        eventually(lambda: old not in (self.home / 'helios.json').read_text())
        self.raw.execute_command('ACL', 'DELUSER', 'helios-1')
        talk.goes_on()
        talk.ends_well(besides=1)
        self.assertIn(new, (self.home / 'helios.json').read_text())

    def test_one_that_is_called_off_goes_back_without_loss(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios = self.helios(url=old, remember_address=True)
        to = helios.public_key
        talk = Talk(self, helios, self.helios('chad', 'helios', heartbeat=3600))
        self.publish('chad→helios', **self.sealed(new, to))
        self.acknowledged()
        # The peer lost its own memory of that one, and made another.
        self.publish('chad→helios', **self.sealed(self.user('helios-2'), to))
        eventually(lambda: len(self.said('rotation.ack')) == 2)
        self.over('cancelled', 'another')
        talk.goes_on()
        self.gone('helios-1')
        self.over('cancelled')
        self.gone('helios-2')
        self.raw.execute_command('ACL', 'DELUSER', 'helios-2')
        talk.goes_on()
        # It is not followed once more.
        self.publish('chad→helios', **self.sealed(new, to))
        talk.goes_on()
        talk.ends_well(besides=2)
        self.assertNotIn('address', self.kept())
        self.assertEqual(len(self.said('rotation.ack')), 2)

    def test_a_new_address_that_is_refused_before_it_is_over_leads_back(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios = self.helios(url=old, patience=base.LIMIT)
        to, ear = helios.public_key, self.listening(helios)
        self.publish('chad→helios', **self.sealed(new, to))
        self.acknowledged()
        self.gone('helios-1')
        self.raw.execute_command('ACL', 'DELUSER', 'helios-2')
        self.record('chad→helios', **{'from': 'chad', 'type': 'task', 'id': 'meanwhile', 'data': 0})
        helios.send('log', 'still')
        self.assertEqual((ear.next().id, ear.error), ('meanwhile', None))
        self.assertEqual([log['data'] for log in self.said('log')], ['still'])
        eventually(lambda: 'went back to the earlier address' in self.words.text)
        # What it was before is no way back a second time.
        self.raw.execute_command('ACL', 'DELUSER', 'helios-1')
        eventually(lambda: ear.error)
        self.assertIsInstance(ear.error, redis.AuthenticationError)

    def test_after_the_end_a_refused_address_is_raised_as_ever(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios = self.helios(url=old)
        to, ear = helios.public_key, self.listening(helios)
        self.publish('chad→helios', **self.sealed(new, to))
        self.acknowledged()
        self.over('done')
        self.assertEqual(ear.next().data['phase'], 'done')
        self.raw.execute_command('ACL', 'DELUSER', 'helios-2')
        eventually(lambda: ear.error)
        self.assertIsInstance(ear.error, redis.AuthenticationError)

    def restarted(self, ear, **settings):
        ear.helios.close()
        ear.join(base.LIMIT)
        self.raw.delete('record:helios→chad')
        return self.listening(self.helios(**settings))

    def test_a_new_start_goes_on_with_the_address_that_is_remembered_and_can_go_back(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        settings = {'url': old, 'remember_address': True}
        helios = self.helios(**settings)
        to, ear = helios.public_key, self.listening(helios)
        self.publish('chad→helios', **self.sealed(new, to))
        self.acknowledged()
        ear = self.restarted(ear, **settings)
        self.gone('helios-1')
        self.assertEqual(self.refusals(), 0)
        self.over('cancelled')
        self.gone('helios-2')
        self.assertEqual(self.refusals(), 0)
        self.assertNotIn('address', self.kept())
        self.publish('chad→helios', **self.sealed(new, to, 'r2'))
        self.acknowledged('r2')
        # The new one is revoked while nobody is there.
        ear.helios.close()
        ear.join(base.LIMIT)
        self.raw.execute_command('ACL', 'DELUSER', 'helios-2')
        ear = self.listening(self.helios(**settings))
        self.publish('chad→helios', **{'from': 'chad', 'id': 'here'})
        while ear.next().id != 'here':
            pass
        self.assertIsNone(ear.error)
        self.assertNotIn('address', self.kept())

    def test_a_new_start_with_the_old_address_moves_again_while_it_is_not_over(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios = self.helios(url=old)
        to, ear = helios.public_key, self.listening(helios)
        sealed = self.sealed(new, to)
        self.record('chad→helios', **sealed)
        self.publish('chad→helios', **sealed)
        self.acknowledged()
        eventually(lambda: 'sealed' in self.kept())
        self.assertNotIn(new, (self.home / 'helios.json').read_text())
        ear = self.restarted(ear, url=old)
        self.acknowledged()
        self.gone('helios-1')
        self.over('done')
        self.assertEqual(ear.next().data['phase'], 'done')
        eventually(lambda: 'sealed' not in self.kept())
        self.assertEqual(self.refusals(), 0)

    def test_killed_at_any_step_it_gets_there_all_the_same(self):
        for remember in (False, True):
            for step in ('_move', '_settle', '_acknowledge'):
                for when in ('before', 'after'):
                    with self.subTest(remember=remember, step=step, when=when):
                        self.killed(remember, step, when, f'{remember}-{step}-{when}')

    def killed(self, remember, step, when, name):
        old, new, channel = self.user('helios-1'), self.user('helios-2'), 'chad→helios'
        settings = {'url': old, 'remember_address': remember, 'state': self.home / f'{name}.json'}
        to = self.helios(**settings).public_key
        order = {'step': step, 'when': when, 'url': old, 'remember': remember, 'state': str(settings['state']),
                 'ca': self.ca}
        victim = subprocess.Popen([sys.executable, '-c', VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        self.addCleanup(victim.stdout.close)
        self.addCleanup(victim.kill)
        victim.stdin.write(json.dumps(order))
        victim.stdin.close()
        eventually(lambda: self.raw.pubsub_numsub(channel)[0][1] == 1, 'the subscription')
        for said in ({'from': 'chad', 'id': f'{name} 1'}, self.sealed(new, to, name)):
            self.record(channel, **said)
            self.publish(channel, **said)
        self.assertEqual(victim.wait(base.LIMIT), 9)
        self.assertEqual(victim.stdout.read().split('\n'), [f'{name} 1', ''])
        self.record(channel, **{'from': 'chad', 'id': f'{name} 2'})
        eventually(lambda: self.raw.pubsub_numsub(channel)[0][1] == 0, 'its end')
        ear = self.listening(self.helios(**settings))
        eventually(lambda: {'rotation_id': name} in [ack['data'] for ack in self.said('rotation.ack')], 'the ack')
        self.gone('helios-1')
        self.assertEqual(ear.next().id, f'{name} 2')
        ear.nothing(0.1)
        self.assertEqual((self.refusals(), ear.error), (0, None))
        ear.helios.close()
        ear.join(base.LIMIT)
        eventually(lambda: self.raw.pubsub_numsub(channel)[0][1] == 0, 'the end')

    def test_who_is_long_about_a_message_misses_none_of_those_behind_it(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios = self.helios(url=old, heartbeat=3600)
        to, begun, go_on, came = helios.public_key, threading.Event(), threading.Event(), []

        def listen():
            for message in helios.listen():
                came.append(message.data)
                begun.set()
                go_on.wait(base.LIMIT)
                time.sleep(1.3)

        threading.Thread(target=listen, daemon=True).start()
        with mock.patch.object(heliograph, 'BEAT_TIMEOUT', 1.0):
            eventually(lambda: self.raw.pubsub_numsub('chad→helios')[0][1] == 1)
            self.publish('chad→helios', **{'from': 'chad', 'data': 0})
            self.assertTrue(begun.wait(base.LIMIT))
            self.publish('chad→helios', **self.sealed(new, to))
            for number in range(1, 6):
                self.publish('chad→helios', **{'from': 'chad', 'data': number})
            go_on.set()
            self.acknowledged()
            self.publish('chad→helios', **{'from': 'chad', 'data': 6})
            eventually(lambda: len(came) > 6)
        self.assertEqual(came, list(range(7)))

    def test_an_address_that_does_not_work_leaves_the_old_connection_alone(self):
        helios = self.helios(url=self.user('helios-1'))
        to, ear = helios.public_key, self.listening(helios)
        self.publish('chad→helios', **self.sealed(self.fresh('helios-2')[1], to))
        eventually(lambda: 'so we stay with the old one' in self.words.text)
        self.publish('chad→helios', **{'from': 'chad', 'id': 'still here'})
        self.assertEqual(ear.next().id, 'still here')
        new = self.user('helios-2')
        self.publish('chad→helios', **self.sealed(new, to, 'r2'))
        self.acknowledged('r2')
        # Our word may not have arrived.
        self.raw.delete('record:helios→chad')
        self.publish('chad→helios', **self.sealed(new, to, 'r2'))
        self.acknowledged('r2')


if __name__ == '__main__':
    faulthandler.dump_traceback_later(900, exit=True)   # a test that hangs is one that fails
    unittest.main()
