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


class OverlappingUsers(Case):
    RIGHTS = ('~*', '&*', '+@all')

    def user(self, name):
        password, url = self.fresh(name)
        self.raw.execute_command('ACL', 'SETUSER', name, 'on', f'>{password}', *self.RIGHTS)
        return url

    def test_nothing_is_lost_or_doubled_and_nobody_is_refused(self):
        old, new = self.user('helios-1'), self.user('helios-2')
        helios, chad = self.helios(url=old), self.helios('chad', 'helios', heartbeat=3600)
        to, ear, there = helios.public_key, self.listening(helios), self.listening(chad)
        sent, answered, done = [], [], threading.Event()

        def talk():
            while not done.wait(0.02):
                # With a record, and as the ten-line script does.
                sent.append(chad.send_task(len(sent)))
                bare = len(sent)
                self.publish('chad→helios', **{'from': 'chad', 'type': 'bare', 'data': bare})
                sent.append(bare)
                answered.append(helios.send('log', len(sent)))

        talking = threading.Thread(target=talk)
        talking.start()
        eventually(lambda: len(sent) > 50)
        self.publish('chad→helios', **self.sealed(new, to))
        self.acknowledged()
        clients = [client['user'] for client in self.raw.client_list()]
        eventually(lambda: 'helios-1' not in [client['user'] for client in self.raw.client_list()], clients)
        self.raw.execute_command('ACL', 'DELUSER', 'helios-1')
        more = len(sent) + 50
        eventually(lambda: len(sent) > more)
        done.set()
        talking.join(base.LIMIT)
        came = [ear.next() for _ in sent]
        # A look into the record overtakes what is live and has none.
        came = collections.Counter(message.data if message.kind == 'bare' else message.id for message in came)
        self.assertEqual(came, collections.Counter(sent))
        heard = []
        while len(heard) < len(answered):
            message = there.next()
            heard += [message.id] if message.kind == 'log' else []
        self.assertEqual(heard, answered)
        ear.nothing()
        self.assertEqual((self.refusals(), ear.error, there.error), (0, None, None))

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
    faulthandler.dump_traceback_later(240, exit=True)   # a test that hangs is one that fails
    unittest.main()
