"""Helios's side of Heliograph, in one file that needs redis-py 4.3 or newer and nothing else.

With pyrage (age) installed it also takes a new password by itself when the old one is changed.

    from heliograph import Helios

    with Helios.connect() as helios:                    # the address is in UPSTASH_REDIS_URL
        task = helios.send_task({'what': 'Rebuild the search index'})
        for message in helios.listen():                 # for ever; what was missed comes first
            print(message.sender, message.kind, message.data)
            if message.reply_to == task and message.data.get('status') in ('done', 'failed', 'declined'):
                break

What is sent stands in the record too (a stream beside each channel), so that nobody misses it who was away. What was
sent to us while we were away is read from there. A message is known by its sender and its id, and comes once, whatever
ways it took. A small file remembers this from one run to the next.

With GITHUB_TOKEN and GITHUB_REPOSITORY set, a repository's issues are the mailbox: messages go there and come from
there when Redis is away or nobody listens.

A message counts as handled when the loop comes round for the next one, or when `close` is called. If the program ends
by an exception or is killed while it handles a message from the record, that one comes again.

When the database's password changes, the new address comes sealed: encrypted to a key of our own that is made once and
whose public half `public_key` shows. It is opened only where the peer sent it, and only goes to the server that we know.

`send` and its like may be called from any thread; `listen` belongs to one.
"""
from __future__ import annotations

import calendar
import collections
import email.utils
import hashlib
import http.client
import json
import logging
import os
import queue
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

try:
    import pyrage
except ImportError:                 # everything else works without
    pyrage = None

__all__ = ['Helios', 'Mailbox', 'MailboxError', 'Message', 'NotSent']

log = logging.getLogger('heliograph')

RECORD_LENGTH = 1000            # entries that a record keeps, or a few more
PAGE = 100                      # entries of each record that are read at once
FORWARD_AFTER = 200             # live messages after which the record is read forward
REMEMBERED = 10_000             # more than all records of one agent hold together
LONGEST_COMMENT = 65_536        # characters, as GitHub counts them
LONGEST_ANSWER = 1 << 26        # bytes; a hundred of the longest comments are less
MARKS = 20                      # reactions after one poll
SOCKET_TIMEOUT = 10.0           # seconds
BEAT_TIMEOUT = 5.0              # seconds after which our own heartbeat should have come back
LONGEST_RETRY = 30.0            # seconds
START = '0-0'                   # before every entry of a record
RETRY_REFUSED = 300.0           # seconds between two attempts with a password that was refused
SOON = 600.0                    # seconds in which a new address is looked for often, from when there is reason to
LOOK_BACK = 14 * 86_400         # seconds: how old a sealed address may be that is looked for
RETRY_MOVE = 5.0                # seconds between two attempts to move while the old connection stands
ANNOUNCED = 100                 # rotations that are known


class NotSent(Exception):
    """A message could go neither through Redis nor to the mailbox. Send it again with this `id`."""

    def __init__(self, id: str, reason: object):
        super().__init__(f'message {id} was not sent: {reason}')
        self.id = id


class MailboxError(Exception):
    """GitHub did not do what it was asked."""


@dataclass(frozen=True)
class Message:
    """What somebody said."""

    sender: str
    kind: str
    data: Any
    id: Optional[str]
    reply_to: Optional[str]
    timestamp: Optional[float]
    priority: str
    expires: Optional[float]
    channel: str
    way: str                            # 'live', 'record' or 'mailbox'
    envelope: Dict[str, Any] = field(repr=False)

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires < time.time()

    @classmethod
    def read(cls, text: bytes | str, channel: str, way: str) -> Optional[Message]:
        """Reads an envelope leniently; what is no JSON object is None."""
        try:
            got = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None
        if not isinstance(got, dict):
            return None
        before_arrow = channel.split('→')[0] if '→' in channel else ''
        return cls(
            sender=(_text(got.get('from')) or before_arrow)[:128],
            kind=(_text(got.get('type')) or 'message')[:128],
            data=got.get('data'),
            id=_id(got.get('id')),
            reply_to=_id(got.get('reply_to')),
            timestamp=_seconds(got.get('timestamp')),
            priority=_text(got.get('priority')) or 'normal',
            expires=_seconds(got.get('expires')),
            channel=channel,
            way=way,
            envelope=got,
        )


class _Mark(NamedTuple):
    """How far a message's handling brings us: a place in a record, or a time in the mailbox."""

    channel: Optional[str] = None
    entry: Optional[str] = None
    since: Optional[str] = None
    comment: Optional[int] = None


class _Closed(Exception):
    """Nothing more is handed out."""


@dataclass(frozen=True)
class _Offer:
    """An address that is to be moved to: a new one, or the one before it when that comes to nothing."""

    rotation: str
    url: str = field(repr=False)
    back: bool = False


class Helios:
    """An agent in touch with its peer. Make one with `connect`."""

    @classmethod
    def connect(cls, name: str = 'helios', peer: str = 'chad', url: Optional[str] = None, **settings: Any) -> Helios:
        """Takes the address from `url` or UPSTASH_REDIS_URL. Connects when first needed, and again for ever.

        `settings` are those of the constructor; others go to redis-py, such as `ssl_ca_certs`.
        """
        return cls(name, peer, url or os.environ['UPSTASH_REDIS_URL'], **settings)

    def __init__(
        self,
        name: str,
        peer: str,
        url: str,
        *,
        state: Optional[str | os.PathLike[str]] = None,
        mailbox: Optional[Mailbox] = None,
        heartbeat: float = 120.0,
        patience: float = 3.0,
        poll_while_away: float = 30.0,
        poll: float = 300.0,
        poll_while_refused: float = 3.0,
        remember_address: bool = False,
        **options: Any,
    ):
        self.name, self.peer = name, peer
        self.mailbox = mailbox or Mailbox.from_environment()
        self._every, self._patience = heartbeat, patience
        self._poll_while_away, self._poll, self._poll_often = poll_while_away, poll, poll_while_refused
        self._recorded = [f'{peer}→{name}-urgent', f'{peer}→{name}', f'{peer}→{name}-low', 'broadcast', f'agent.{name}']
        path = Path(state) if state else _default_state(name)
        self._key = _Key(path.with_name(f'{path.stem}.age-key'))
        self._state = _State(path, url, remember_address)
        options.setdefault('socket_timeout', SOCKET_TIMEOUT)
        options.setdefault('socket_connect_timeout', SOCKET_TIMEOUT)
        if int(redis.__version__.split('.')[0]) >= 5:
            options.setdefault('protocol', 2)       # one form of answers from all versions
        self._options = options
        self._url = self._state.address or url
        self._redis = self._client(self._url)
        self._closing = threading.Event()
        self._changed = threading.Condition()       # guards what follows, and tells of changes
        self._down_since: Optional[float] = None
        self._unheard: Dict[str, float] = {}        # our own heartbeats that have not come back, and when they went
        self._hearing = False
        self._next_beat = 0.0
        self._poll_now = True
        self._refused = False                       # the password is, and we wait for another address
        self._look_back = False
        self._often_until = 0.0
        self._new_refused = False                   # the new address is, so we go back to the one before it
        # Where we were until a rotation that is not over yet, and can go back to.
        self._before: Optional[_Offer] = self._state.before
        self._offer: Optional[_Offer] = None        # of the thread that listens, as are these
        self._offer_at = 0.0
        self._left: List[Tuple[float, redis.Redis]] = []        # clients of earlier addresses, and until when to look
        self._cancelled: collections.deque[str] = collections.deque(maxlen=ANNOUNCED)
        self._reopened = False
        self._opened: collections.deque[str] = collections.deque(maxlen=ANNOUNCED)
        self._announced: collections.deque[str] = collections.deque(maxlen=ANNOUNCED)
        self._to_acknowledge: Optional[str] = None
        # Full: the poll waits, and the rest stays with GitHub.
        self._mail: queue.Queue[Tuple[str, str, _Mark]] = queue.Queue(PAGE)
        # Full: the oldest goes without its mark, which is only for people's eyes.
        self._to_mark: collections.deque[int] = collections.deque(maxlen=PAGE)
        self._beside: List[threading.Thread] = []

    def _client(self, url: str) -> redis.Redis:
        # A retry inside redis-py would hide that something was missed; we retry ourselves.
        return redis.from_url(url, socket_keepalive=True, retry=Retry(NoBackoff(), 0), **self._options)

    def __enter__(self) -> Helios:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self._end(handled=kind is None)

    def close(self) -> None:
        """Ends it. The message that was handed out last counts as handled."""
        self._end(handled=True)

    def _end(self, handled: bool) -> None:
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._beside:
            thread.join(timeout=2.0)                # it dies with the program, wherever it waits
        if handled:
            self._state.confirm()
        # What listens is closed where it is used.
        self._end_idle()

    def _end_idle(self) -> None:
        self._redis.connection_pool.disconnect(inuse_connections=False)
        self._end_left()

    # Sending

    def send_task(self, data: Any, *, id: Optional[str] = None, priority: Optional[str] = None,
                  expires: Optional[float] = None, to: Optional[str] = None) -> str:
        """Sends a task and gives its id, which stands in `reply_to` of every answer."""
        return self.send('task', data, id=id, priority=priority, expires=expires, to=to)

    def send(self, kind: str, data: Any, *, id: Optional[str] = None, priority: Optional[str] = None,
             expires: Optional[float] = None, to: Optional[str] = None, channel: Optional[str] = None,
             reply_to: Optional[str] = None) -> str:
        """Sends anything, to the peer if nothing else is said, and gives its id. NotSent if there is no way at all."""
        id = id or str(uuid.uuid4())
        channel = channel or self._channel_to(to or self.peer, priority)
        text = self._envelope(kind, data, id, priority=priority, expires=expires, reply_to=reply_to)
        began = time.monotonic()
        while True:
            client = self._redis
            try:
                # The first time ever: an answer may come before anybody listens.
                self._begin_at_now()
                heard = self._publish(channel, text)
            except (redis.RedisError, OSError) as error:
                if client is not self._redis:       # we moved to another address meanwhile
                    continue
                refused = _is_refusal(error)
                goes_back = refused and self._ask_to_go_back()
                if refused and not goes_back:
                    self._raise_unless_we_wait()
                if not goes_back and (refused or isinstance(error, redis.ResponseError)):
                    # Redis is there, and trying again does not mend it.
                    self._leave(channel, text, id, error)
                    return id
                away = time.monotonic() - self._went_down(error)
                if max(away, time.monotonic() - began) < self._patience and not self._closing.wait(0.2):
                    continue
                self._leave(channel, text, id, error)
                return id
            self._is_up()
            if heard == 0 and self.mailbox:
                try:
                    self._post(self.mailbox, channel, text)
                except MailboxError as error:
                    log.warning('nobody listens; message %s stands in the record alone: %s', id, error)
            return id

    def _leave(self, channel: str, text: str, id: str, error: Exception) -> None:
        if not self.mailbox:
            raise NotSent(id, error) from error
        try:
            self._post(self.mailbox, channel, text)
        except MailboxError as other:
            raise NotSent(id, f'{error}; {other}') from other

    def _post(self, mailbox: Mailbox, channel: str, text: str) -> None:
        if self._state.since is None:
            self._state.advance(_Mark(since=mailbox.now()))
            self._state.save()
        mailbox.post(channel, text)

    def _channel_to(self, agent: str, priority: Optional[str]) -> str:
        return f'{self.name}→{agent}' + (f'-{priority}' if priority in ('urgent', 'low') else '')

    def _envelope(self, kind: str, data: Any, id: str, priority: Optional[str] = None, **more: Any) -> str:
        envelope = {'from': self.name, 'type': kind, 'data': data, 'id': id, 'timestamp': round(time.time(), 3)}
        envelope.update({name: value for name, value in more.items() if value is not None})
        envelope.update({'priority': priority or 'normal', 'v': 1})
        text = json.dumps(envelope, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
        try:
            text.encode()
        except UnicodeEncodeError:                  # half a character: as an escape it can be sent
            text = json.dumps(envelope, allow_nan=False, separators=(',', ':'))
        return text

    def _publish(self, channel: str, text: str) -> int:
        """Writes the record and publishes, both or neither; how many heard it."""
        both = self._redis.pipeline(transaction=True)
        both.xadd(f'record:{channel}', {'m': text}, maxlen=RECORD_LENGTH, approximate=True)
        both.publish(channel, text)
        return both.execute()[1]

    # Listening

    def listen(self) -> Iterator[Message]:
        """What comes, for ever: first what was missed, then live. A refused password ends it with an exception, unless
        another address may come sealed to our key."""
        self._state.confirm()
        self._start_beside()
        failures = 0
        try:
            while not self._closing.is_set():
                try:
                    self._take_offer()
                    yield from self._hear()
                except (redis.RedisError, OSError) as error:
                    if self._closing.is_set():
                        return
                    failures = 0 if self._hearing else failures + 1
                    self._hearing = False
                    if _is_refusal(error) and not self._go_back():
                        self._raise_unless_we_wait()
                    self._went_down(error)
                # The password may also be made valid again.
                until = time.monotonic() + RETRY_REFUSED
                while self._refused and not self._offer and time.monotonic() < until and not self._closing.is_set():
                    yield from self._wait_for_mail(0.2)
                yield from self._wait_for_mail(random.uniform(0, min(LONGEST_RETRY, 0.25 * 2 ** min(failures, 10))))
        except _Closed:
            pass
        finally:
            self._hearing = False
            if self._closing.is_set():              # what this thread used when it was closed
                self._end_idle()

    def _hear(self) -> Iterator[Message]:
        """One connection's life."""
        self._begin_at_now()
        channels = [*self._recorded, 'heartbeat']
        pubsub = self._redis.pubsub()
        try:
            pubsub.subscribe(*channels)
            unconfirmed, until, since_forward = set(channels), time.monotonic() + SOCKET_TIMEOUT, 0
            while not self._closing.is_set():
                if self._new_refused:
                    self._go_back()
                if self._offer and self._hearing and time.monotonic() >= self._offer_at:
                    fresh = yield from self._move(pubsub, channels)
                    if fresh:
                        pubsub, since_forward = fresh, 0
                        self._acknowledge()
                        yield from self._read_forward()
                self._end_left()
                got = pubsub.get_message(timeout=0.2)
                if got is None:
                    self._check_beats()
                    if not self._hearing and time.monotonic() > until:
                        raise redis.ConnectionError('the subscription is not confirmed')
                    self._acknowledge()
                elif got['type'] == 'subscribe':
                    unconfirmed.discard(got['channel'].decode())
                    if not unconfirmed:
                        # A connection that was made anew behind our back confirms again, and may have missed something.
                        unconfirmed, since_forward = set(channels), 0
                        self._came_up()
                        self._acknowledge()
                        self._mend_cursors()
                        yield from self._read_forward()
                        self._reopen()
                elif got['type'] == 'message':
                    channel = got['channel'].decode('utf-8', 'replace')
                    if channel == 'heartbeat':
                        forward = self._heard_beat(got['data'])
                    else:
                        yield from self._deliver(got['data'], channel, 'live', _Mark())
                        since_forward += 1
                        forward = since_forward >= FORWARD_AFTER
                    if forward:
                        since_forward = 0
                        yield from self._read_forward()
                yield from self._wait_for_mail(0)
        finally:
            pubsub.close()

    def _begin_at_now(self) -> None:
        """Cursors for records that have none. Before the subscription: what comes between is then read from there."""
        new = self._state.without_cursor(self._recorded)
        if not new:
            return
        ask = self._redis.pipeline(transaction=False)
        for channel in new:
            ask.xrevrange(f'record:{channel}', count=1)
        ends = [last[0][0].decode() if last else START for last in ask.execute()]
        self._state.begin(dict(zip(new, ends)))

    def _mend_cursors(self) -> None:
        """Where the cursor's own entry is gone, something may be missing between: the record is read from its
        beginning, and what is known falls away."""
        placed = [(channel, self._state.cursors[channel]) for channel in self._recorded]
        placed = [(channel, cursor) for channel, cursor in placed if cursor != START]
        if not placed:
            return
        ask = self._redis.pipeline(transaction=False)
        for channel, cursor in placed:
            ask.xrange(f'record:{channel}', cursor, cursor, count=1)
        for (channel, _), found in zip(placed, ask.execute()):
            if not found:
                log.warning('the record of %s does not go back to where we were; messages may be missing', channel)
                self._state.cursors[channel] = START

    def _read_forward(self) -> Iterator[Message]:
        """Reads all records from their cursors to their ends, page by page."""
        while True:
            places = {f'record:{channel}': self._state.cursors[channel] for channel in self._recorded}
            pages = self._redis.xread(places, count=PAGE)
            entries = [
                (_order(entry), name.decode()[len('record:'):], entry.decode(), fields)
                for name, page in pages for entry, fields in page
            ]
            for _, channel, entry, fields in sorted(entries, key=lambda item: item[0]):
                mark = _Mark(channel=channel, entry=entry)
                yield from self._deliver(fields.get(b'm', b''), channel, 'record', mark)
            if entries:
                self._state.save()
            if all(len(page) < PAGE for _, page in pages):
                return

    def _deliver(self, text: bytes | str, channel: str, way: str, mark: _Mark) -> Iterator[Message]:
        """Hands a message out if it is new and for us."""
        message = Message.read(text, channel, way)
        if message is None:
            log.warning('an unreadable message on %s is passed over', channel)
        elif self._is_ours(message) and message.kind == 'rotation.sealed':
            self._open(message, mark)               # also one that is known: at a new start it may be needed again
        elif message.sender != self.name and message.kind != 'heartbeat':
            identity = f'{message.sender} {message.id}' if message.id else None
            if identity is None or identity not in self._state.seen:
                answer = self._answer(message)
                if answer is None:
                    if self._closing.is_set():      # it comes at the next start, if it was recorded
                        raise _Closed
                    self._state.hand_out(identity, mark)
                    yield message
                    self._state.confirm()
                    self._mark_comment(mark)
                    return
                self._state.remember(identity)
                try:
                    answer()
                except (NotSent, redis.RedisError, OSError, ValueError, RuntimeError) as error:
                    log.warning('a %s could not be answered: %s', message.kind, error)
        self._state.advance(mark)
        self._mark_comment(mark)

    def _answer(self, message: Message) -> Optional[Callable[[], None]]:
        """What we do by ourselves with a message; None if it is to be handed out."""
        if message.kind == 'ping':
            return lambda: self._pong(message)
        if message.kind == 'rotation.key.ask' and self._is_ours(message):
            return lambda: self._say('rotation.key', {'public_key': self.public_key}, message.id)
        if message.kind == 'rotation' and self._is_ours(message, broadcast=True):
            data = message.data if isinstance(message.data, dict) else {}
            rotation = _id(data.get('rotation_id'))
            if data.get('phase') == 'announce' and rotation:
                return lambda: self._get_ready(rotation, message)
            if data.get('phase') in ('done', 'cancelled') and rotation:
                self._is_over(rotation, data['phase'] == 'cancelled')
        return None

    def _pong(self, ping: Message) -> None:
        channel = self._channel_to(ping.sender or self.peer, None)
        text = self._envelope('pong', {'ping': ping.id}, str(uuid.uuid4()), reply_to=ping.id)
        self._publish(channel, text)

    # When the key changes

    @property
    def public_key(self) -> str:
        """The key to which a new address is sealed; made when it is first asked for. RuntimeError without pyrage."""
        return self._key.public()

    def offer_key(self) -> str:
        """Sends the peer our public key, and gives the message's id."""
        return self.send('rotation.key', {'public_key': self.public_key})

    def _is_ours(self, message: Message, broadcast: bool = False) -> bool:
        """Is it the peer's word on a rotation, and can we do anything with it?"""
        channels = [self._channel_to_us(priority) for priority in (None, 'urgent', 'low')]
        placed = message.channel in channels or (broadcast and message.channel == 'broadcast')
        return pyrage is not None and message.sender == self.peer and placed

    def _channel_to_us(self, priority: Optional[str]) -> str:
        return f'{self.peer}→{self.name}' + (f'-{priority}' if priority else '')

    def _say(self, kind: str, data: Any, to: Optional[str]) -> None:
        self.send(kind, data, reply_to=to)

    def _get_ready(self, rotation: str, message: Message) -> None:
        # It comes on two channels.
        if rotation in self._announced or message.expired:
            return
        self._announced.append(rotation)
        log.info('the key is about to change')
        with self._changed:
            self._often_until = time.monotonic() + SOON
            self._changed.notify_all()
        self._key.make()
        self._say('rotation.ready', {'rotation_id': rotation}, message.id)

    def _is_over(self, rotation: str, cancelled: bool) -> None:
        """A rotation came to its end: the address before it is no longer needed, or the only one."""
        if cancelled:
            self._cancelled.append(rotation)
            if self._offer and self._offer.rotation == rotation and not self._offer.back:
                self._offer = None
            if self._to_acknowledge == rotation:
                self._to_acknowledge = None
            self._state.forget_sealed(rotation)
            if self._before and self._before.rotation == rotation and self._go_back():
                log.info('the change of the key was called off')
        elif self._before and self._before.rotation == rotation:
            self._forget_before()
            self._state.forget_sealed(rotation)

    def _ask_to_go_back(self) -> bool:
        """The new address is refused. Where there is one before it, the thread that listens goes back to that."""
        self._new_refused = bool(self._before and self._beside)
        return self._new_refused

    def _go_back(self) -> bool:
        """Is there an address to go back to? It is tried when the thread that listens comes round."""
        self._new_refused = False
        if self._before:
            self._offer, self._offer_at = self._before, 0.0
        return self._before is not None

    def _forget_before(self) -> None:
        self._before = None
        self._state.take_address(self._url, None)

    def _reopen(self) -> None:
        """Once after the start, which may have been made with the old address while the new one is still to be used; or
        our word that we use it may not have gone out."""
        noted, again = self._state.sealed, self._reopened
        self._reopened = True
        if again or noted is None:
            return
        _, channel, entry = noted
        for _, fields in self._redis.xrange(f'record:{channel}', entry, entry, count=1):
            message = Message.read(fields.get(b'm', b''), channel, 'record')
            if message and message.kind == 'rotation.sealed' and self._is_ours(message):
                self._open(message, _Mark())

    def _open(self, message: Message, mark: _Mark) -> None:
        """Opens a sealed address. It is tried when the thread that listens comes round."""
        data = message.data if isinstance(message.data, dict) else {}
        rotation, sealed = _id(data.get('rotation_id')), data.get('sealed')
        if not rotation or not isinstance(sealed, str) or rotation in self._cancelled:
            return
        self._state.note_sealed(rotation, mark)
        if sealed in self._opened:
            return
        self._opened.append(sealed)
        url = self._key.open(sealed)
        if url is None:
            log.warning('a sealed address cannot be opened with our key')
        elif url == self._url:
            # Sent again: our word did not arrive.
            self._to_acknowledge = rotation
        elif _place(url) is None or _place(url) != _place(self._url):
            log.error('a sealed address leads to another server and is passed over')
        else:
            self._offer, self._offer_at = _Offer(rotation, url), 0.0

    def _raise_unless_we_wait(self) -> None:
        """Trying again does not mend a password. Another one may be in the mailbox, or come there."""
        if pyrage is None or not self._key.there() or not self.mailbox or not self._beside:
            log.error('Redis refuses the password')
            raise redis.AuthenticationError('Redis refuses the password') from None
        with self._changed:
            first, self._refused = not self._refused, True
            self._look_back = self._look_back or first
            self._poll_now = self._poll_now or first
            if first:
                self._often_until = time.monotonic() + SOON
                self._changed.notify_all()
        if first:
            log.warning('Redis refuses the password; another address is looked for in the mailbox')

    def _take_offer(self) -> None:
        """Moves to a new address where there is no connection to keep."""
        offer = self._offer
        if offer is None:
            return
        client = self._client(offer.url)
        try:
            client.ping()
        except (redis.RedisError, OSError) as error:
            client.connection_pool.disconnect()
            if not _is_refusal(error):
                raise                               # again when the server is there
            self._give_up(offer)
            log.error('the %s address is refused as well', 'earlier' if offer.back else 'new')
            return
        self._settle(offer, client)
        self._end_left()

    def _move(self, old: Any, channels: List[str]) -> Iterator[Message]:
        """Moves to a new address while the old connection still hears: the new one hears first, then the old one is
        read up to a mark that both hear. Gives the new subscription, if it works."""
        offer, client = self._offer, self._client(self._offer.url)
        fresh, held = client.pubsub(), []
        mark = str(uuid.uuid4())
        try:
            fresh.subscribe(*channels)
            unconfirmed, until = set(channels), time.monotonic() + SOCKET_TIMEOUT
            while unconfirmed:
                got = fresh.get_message(timeout=0.2)
                if got and got['type'] == 'subscribe':
                    unconfirmed.discard(got['channel'].decode())
                elif got:
                    held.append(got)
                if time.monotonic() > until:
                    raise redis.ConnectionError('the new subscription is not confirmed')
            client.publish('heartbeat', self._envelope('heartbeat', {'status': 'online', 'interval': self._every}, mark))
        except (redis.RedisError, OSError) as error:
            log.error('the new address does not work, so we stay with the old one: %s', type(error).__name__)
            if _is_refusal(error) or isinstance(error, redis.ResponseError):
                self._give_up(offer)
            else:
                self._offer_at = time.monotonic() + RETRY_MOVE
            fresh.close()
            client.connection_pool.disconnect(inuse_connections=False)
            return None
        self._settle(offer, client)
        reached = yield from self._read_to_mark(lambda: old.get_message(timeout=0.2), mark, without_id=True)
        # Not earlier: newer versions of redis-py make those in use connect anew.
        old.close()
        self._end_left()
        # What has no id came on the old connection, unless that one broke.
        held.reverse()
        yield from self._read_to_mark(lambda: held.pop() if held else fresh.get_message(timeout=0.2), mark,
                                      without_id=not reached)
        return fresh

    def _read_to_mark(self, read: Callable[[], Any], mark: str, without_id: bool) -> Iterator[Message]:
        """Hands out what comes before our own heartbeat with this id. Did it come?"""
        until = time.monotonic() + BEAT_TIMEOUT
        while time.monotonic() < until:
            try:
                got = read()
            except (redis.RedisError, OSError):
                return False
            if got is None or got['type'] != 'message':
                continue
            channel = got['channel'].decode('utf-8', 'replace')
            message = Message.read(got['data'], channel, 'live')
            if channel == 'heartbeat':
                if message and message.id == mark and message.sender == self.name:
                    return True
            elif without_id or (message and message.id):
                yield from self._deliver(got['data'], channel, 'live', _Mark())
            # Whoever took it may have been long about it, and there may be more to read.
            until = time.monotonic() + BEAT_TIMEOUT
        return False

    def _settle(self, offer: _Offer, client: redis.Redis) -> None:
        """From now on everything goes to that address."""
        if offer.back or self._refused:             # what is refused is nothing to go back to
            self._before = None
        elif self._before is None or self._before.rotation != offer.rotation:
            self._before = _Offer(offer.rotation, self._url, back=True)
        self._left.append((time.monotonic() + 2 * SOCKET_TIMEOUT, self._redis))
        self._redis, self._url = client, offer.url
        self._offer, self._to_acknowledge = None, None if offer.back else offer.rotation
        with self._changed:
            self._refused, self._often_until = False, 0.0
            self._unheard.clear()                   # they went over the old connection
        self._is_up()
        self._state.take_address(offer.url, self._before)
        if offer.back:
            self._state.forget_sealed(offer.rotation)
        log.info('went back to the earlier address' if offer.back else 'moved to the new address')

    def _end_left(self) -> None:
        """Ends what stands idle to earlier addresses; what another thread still uses, once that is done with it."""
        for _, client in self._left:
            client.connection_pool.disconnect(inuse_connections=False)
        self._left = [(until, client) for until, client in self._left if time.monotonic() < until]

    def _give_up(self, offer: _Offer) -> None:
        self._offer = None
        self._state.forget_sealed(offer.rotation)
        if offer.back:
            self._forget_before()

    def _acknowledge(self) -> None:
        """Tells the peer, over the connection that the new key made, and by no other way."""
        if self._to_acknowledge is None or not self._hearing:
            return
        data = {'rotation_id': self._to_acknowledge}
        self._publish(self._channel_to(self.peer, None), self._envelope('rotation.ack', data, str(uuid.uuid4())))
        self._to_acknowledge = None

    # Signs of life

    def _came_up(self) -> None:
        self._is_up()
        with self._changed:
            self._hearing, self._refused = True, False
            self._unheard.clear()
            self._next_beat = 0.0
            self._changed.notify_all()
        log.info('connected')

    def _is_up(self) -> None:
        with self._changed:
            if self._down_since is not None:
                self._down_since = None
                # One more look, at what was left while it was away.
                self._poll_now = True
                self._changed.notify_all()

    def _went_down(self, error: Exception) -> float:
        """Since when there is no connection."""
        with self._changed:
            if self._down_since is None:
                self._down_since = time.monotonic()
                self._changed.notify_all()
                log.warning('Redis is away: %s', error)
            return self._down_since

    def _beat(self) -> None:
        id = str(uuid.uuid4())
        with self._changed:
            self._unheard[id] = time.monotonic()
        text = self._envelope('heartbeat', {'status': 'online', 'interval': self._every}, id)
        self._redis.publish('heartbeat', text)

    def _heard_beat(self, text: bytes) -> bool:
        """Is it our own?"""
        message = Message.read(text, 'heartbeat', 'live')
        if message is None or message.sender != self.name:
            return False
        with self._changed:
            self._unheard.clear()
        return True

    def _check_beats(self) -> None:
        """Called when nothing is left to read, so what has not come back is not merely unread."""
        with self._changed:
            late = [at for at in self._unheard.values() if time.monotonic() - at > min(BEAT_TIMEOUT, self._every)]
        if len(late) >= 2:
            raise redis.ConnectionError('not even our own heartbeat comes back')

    # What runs beside

    def _start_beside(self) -> None:
        if not self._beside:
            # Apart, because a slow GitHub must not keep back our heartbeats.
            work = [self._keep_beating] + ([self._keep_fetching] if self.mailbox else [])
            self._beside = [threading.Thread(target=one, name='heliograph', daemon=True) for one in work]
            for thread in self._beside:
                thread.start()

    def _keep_beating(self) -> None:
        while True:
            with self._changed:
                while not (self._closing.is_set() or self._hearing and time.monotonic() >= self._next_beat):
                    self._changed.wait(max(0.0, self._next_beat - time.monotonic()) if self._hearing else None)
                if self._closing.is_set():
                    return
                self._next_beat = time.monotonic() + self._every
            try:
                self._beat()
            except (redis.RedisError, OSError, ValueError) as error:
                log.warning('a heartbeat could not be sent: %s', error)
                if _is_refusal(error):
                    self._ask_to_go_back()

    def _keep_fetching(self) -> None:
        mailbox, last = self.mailbox, 0.0
        while mailbox and not self._closing.is_set():
            with self._changed:
                wait = max(self._poll_due(last), mailbox.not_before) - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                    continue
                self._poll_now = False
            last = time.monotonic()
            try:
                self._fetch_mail(mailbox)
            except MailboxError as error:
                log.warning('%s', error)
            except Exception:                       # an answer of an unknown form; the next may be better
                log.exception('the mailbox cannot be read')

    def _poll_due(self, last: float) -> float:
        if self._poll_now:
            return 0.0
        due = last + self._poll
        if self._down_since is not None:
            due = min(due, max(last + self._poll_while_away, self._down_since + self._patience))
        if time.monotonic() < self._often_until:
            due = min(due, last + self._poll_often)
        return due

    def _fetch_mail(self, mailbox: Mailbox) -> None:
        with self._changed:
            look_back, self._look_back = self._look_back, False
        if look_back:
            self._fetch_sealed(mailbox)
        since = self._state.since
        if since is None:
            since = mailbox.now()
            self._mail_in('', '', _Mark(since=since))
        for channel, text, mark in mailbox.poll(since):
            wanted = channel in self._recorded
            self._mail_in(channel if wanted else '', text, mark)
        # A mark counts among what may be written in a minute, and messages go first.
        for _ in range(min(MARKS, len(self._to_mark))):
            mailbox.mark(self._to_mark.popleft())

    def _fetch_sealed(self, mailbox: Mailbox) -> None:
        """The sealed addresses of an earlier run too: it did not keep what it opened."""
        try:
            since = _rfc3339(calendar.timegm(time.strptime(mailbox.now(), '%Y-%m-%dT%H:%M:%SZ')) - LOOK_BACK)
            for channel, text, _ in mailbox.poll(since, again=True):
                message = Message.read(text, channel, 'mailbox')
                if message and message.kind == 'rotation.sealed':
                    self._mail_in(channel, text, _Mark())
        except MailboxError:
            with self._changed:
                self._look_back = True              # with the next poll
            raise

    def _mail_in(self, channel: str, text: str, mark: _Mark) -> None:
        while not self._closing.is_set():
            try:
                return self._mail.put((channel, text, mark), timeout=0.2)
            except queue.Full:
                pass

    def _wait_for_mail(self, seconds: float) -> Iterator[Message]:
        """Hands out what the mailbox brought, waiting for it so long."""
        until = time.monotonic() + seconds
        while not self._closing.is_set():
            left = until - time.monotonic()
            try:
                channel, text, mark = self._mail.get(block=left > 0, timeout=max(0.001, min(left, 0.2)))
            except queue.Empty:
                if left <= 0:
                    return
                continue
            if channel:
                yield from self._deliver(text, channel, 'mailbox', mark)
            elif mark.since is not None and mark.since > (self._state.since or ''):
                self._state.advance(mark)
                self._state.save()

    def _mark_comment(self, mark: _Mark) -> None:
        if mark.comment is not None:
            self._to_mark.append(mark.comment)


class Mailbox:
    """A repository's issues as a mailbox: one issue for each channel, one comment for each message."""

    LABEL = 'heliograph'
    TITLE = 'heliograph: '
    _BLOCK = re.compile(r'^```json[ \t]*\r?\n(.*?)^```[ \t]*\r?$', re.DOTALL | re.MULTILINE)

    @classmethod
    def from_environment(cls) -> Optional[Mailbox]:
        """The mailbox that GITHUB_TOKEN and GITHUB_REPOSITORY name, if they do."""
        token, repository = os.environ.get('GITHUB_TOKEN'), os.environ.get('GITHUB_REPOSITORY')
        if not token or not repository:
            return None
        allowed = [login for login in re.split(r'[,\s]+', os.environ.get('GITHUB_ALLOWED', '')) if login]
        return cls(token, repository, os.environ.get('GITHUB_API_URL') or 'https://api.github.com', allowed)

    def __init__(self, token: str, repository: str, api: str = 'https://api.github.com',
                 allowed: Optional[List[str]] = None, timeout: float = 20.0):
        """`allowed` are the logins whose comments are trusted; the token's own if none is given."""
        address = urllib.parse.urlsplit(api)
        loopback = address.hostname in ('localhost', '127.0.0.1', '::1')
        if address.scheme != 'https' and not (address.scheme == 'http' and loopback):
            raise ValueError('the address of the API must begin with https://')
        self.not_before = 0.0                       # of time.monotonic; earlier nothing is asked
        self._token, self._api, self._timeout = token, api.rstrip('/'), timeout
        self._home = '/repos/' + '/'.join(urllib.parse.quote(part, safe='') for part in repository.split('/', 1))
        self._allowed = {login.lower() for login in allowed or []}
        # A redirect would carry the token to wherever it leads.
        handlers: List[Any] = [_NoRedirect()] + ([urllib.request.ProxyHandler({})] if loopback else [])
        self._opener = urllib.request.build_opener(*handlers)
        self._lock = threading.RLock()              # one question at a time, as GitHub wishes
        self._issues: Dict[str, int] = {}           # numbers by title
        self._titles: Dict[int, str] = {}           # of all issues with our label
        self._known: Tuple[str, str, Any] = ('', '', None)
        self._looked: collections.deque[int] = collections.deque(maxlen=1000)

    def now(self) -> str:
        """The time by GitHub's clock."""
        with self._lock:
            headers, me = self._ask('GET', '/user')
            if not self._allowed:
                self._allowed = {str(me['login']).lower()}
            date = headers.get('date')
            told = email.utils.parsedate_to_datetime(date).timestamp() if date else time.time()
            return _rfc3339(told)

    def post(self, channel: str, text: str) -> None:
        """Leaves an envelope for whoever reads this channel."""
        body = f'```json\n{text}\n```\n'
        if len(body) > LONGEST_COMMENT:
            raise MailboxError(f'{len(body)} characters are too many for the mailbox')
        with self._lock:
            self._ask('POST', f'{self._home}/issues/{self._issue(channel)}/comments', {'body': body})

    def mark(self, comment: int) -> None:
        """Shows people that a comment was read."""
        with self._lock:
            self._ask('POST', f'{self._home}/issues/comments/{comment}/reactions', {'content': 'eyes'})

    def poll(self, since: str, again: bool = False) -> Iterator[Tuple[str, str, _Mark]]:
        """What was written since then: channel, envelope, and how far one is with it. Without a channel it is only the
        last. What was looked at before comes `again` only on request."""
        query = urllib.parse.urlencode({'since': since, 'sort': 'updated', 'direction': 'asc', 'per_page': 100})
        path: Optional[str] = f'{self._home}/issues/comments?{query}'
        while path:
            with self._lock:
                self._learn_who_we_are()
                headers, comments = self._ask('GET', path) if again else self._ask_anew(path)
                found = [self._open(comment, again) for comment in comments]
            yield from found
            path = self._next(headers)

    def _open(self, comment: Dict[str, Any], again: bool) -> Tuple[str, str, _Mark]:
        """A comment's channel and envelope, or no channel where it is not to be trusted or not ours."""
        id, updated, login = comment['id'], comment['updated_at'], str((comment.get('user') or {}).get('login'))
        nothing = '', '', _Mark(since=updated)
        if id in self._looked and not again:
            return nothing
        title = self._title(int(comment['issue_url'].rsplit('/', 1)[1]))
        if not title.startswith(self.TITLE):
            return nothing
        blocks = self._BLOCK.findall(comment.get('body') or '')
        reason = None
        if login.lower() not in self._allowed:
            reason = 'its author is not allowed'
        elif updated != comment['created_at']:
            reason = 'it was edited'
        elif len(blocks) != 1:
            reason = f'it has {len(blocks)} blocks of JSON instead of one'
        if not again:
            self._looked.append(id)
        if reason:
            log.warning('comment %s by %s is passed over: %s', id, login, reason)
            return nothing
        return title[len(self.TITLE):], blocks[0], _Mark(since=updated, comment=id)

    def _learn_who_we_are(self) -> None:
        if not self._allowed:
            self._allowed = {str(self._ask('GET', '/user')[1]['login']).lower()}

    def _title(self, number: int) -> str:
        if number not in self._titles:
            self._list_issues()
            self._titles.setdefault(number, '')
        return self._titles[number]

    def _issue(self, channel: str) -> int:
        title = self.TITLE + channel
        if title not in self._issues:
            self._list_issues()
        if title not in self._issues:
            try:
                self._ask('POST', f'{self._home}/labels', {'name': self.LABEL, 'color': 'f5a623'})
            except MailboxError as error:
                log.debug('the label is there already: %s', error)
            self._ask('POST', f'{self._home}/issues', {'title': title, 'labels': [self.LABEL]})
            # The other side may have made one at the same time: the older one is it for both.
            self._list_issues()
        return self._issues[title]

    def _list_issues(self) -> None:
        query = f'labels={self.LABEL}&state=all&sort=created&direction=asc&per_page=100'
        path: Optional[str] = f'{self._home}/issues?{query}'
        self._issues.clear()
        while path:
            headers, issues = self._ask('GET', path)
            for issue in issues:
                self._issues.setdefault(issue['title'], issue['number'])
                self._titles[issue['number']] = issue['title']
            path = self._next(headers)

    def _next(self, headers: Any) -> Optional[str]:
        found = re.search(r'<([^>]*)>; rel="next"', headers.get('link') or '')
        # To no other place: the token goes along.
        return found[1][len(self._api):] if found and found[1].startswith(self._api + '/') else None

    def _ask_anew(self, path: str) -> Tuple[Any, Any]:
        """Asks for what may be known already, which then costs nothing."""
        known_path, tag, known_headers = self._known
        headers, answer = self._ask('GET', path, tag=tag if path == known_path else None)
        if answer is None:
            return known_headers, []
        # Only of the page to which the next poll comes back.
        if self._next(headers) is None and headers.get('etag'):
            self._known = path, headers['etag'], headers
        return headers, answer

    def _ask(self, method: str, path: str, body: Any = None, tag: Optional[str] = None) -> Tuple[Any, Any]:
        """One question; headers and JSON, or None where nothing changed."""
        wait = self.not_before - time.monotonic()
        if wait > 0:
            raise MailboxError(f'GitHub wants to be left alone for {wait:.0f} seconds more')
        request = urllib.request.Request(self._api + path, method=method, headers={
            'Authorization': f'Bearer {self._token}',
            'Accept': 'application/vnd.github+json',
            'X-GitHub-Api-Version': '2022-11-28',
            'User-Agent': 'heliograph.py',
            'Content-Type': 'application/json',
            **({'If-None-Match': tag} if tag else {}),
        }, data=None if body is None else json.dumps(body).encode())
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                self._obey(answer.status, answer.headers)
                return answer.headers, json.loads(answer.read(LONGEST_ANSWER) or b'null')
        except urllib.error.HTTPError as error:
            with error:
                self._obey(error.code, error.headers)
                if error.code == 304:
                    return error.headers, None
                raise MailboxError(f'GitHub answers {error.code} to {method} {path.split("?")[0]}') from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            # Also what is no HTTP, and an answer that is no JSON.
            raise MailboxError(f'GitHub cannot be reached: {type(error).__name__}') from error

    def _obey(self, status: int, headers: Any) -> None:
        """Leaves GitHub alone for as long as it says."""
        wait = _number(headers.get('retry-after'))
        if wait is None and headers.get('x-ratelimit-remaining') == '0':
            wait = (_number(headers.get('x-ratelimit-reset')) or 0) - time.time()
        if wait is None and status == 429:
            wait = 60
        if wait is not None and wait > 0:
            log.warning('GitHub wants to be left alone for %.0f seconds', wait)
            self.not_before = time.monotonic() + wait


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class _State:
    """What is remembered from one run to the next: how far the records were read, and whom we heard say what."""

    def __init__(self, path: Path, url: str = '', remember_address: bool = False):
        self._path = path
        # By this we know later that another address was given since, which is then the newer one.
        self._given = _fingerprint(url)
        self._remember_address = remember_address
        self.address: Optional[str] = None
        self.before: Optional[_Offer] = None        # where we were before that
        self.sealed: Optional[Tuple[str, str, str]] = None      # a rotation, and the entry with its sealed address
        outdated = False
        self._pending: Optional[Tuple[Optional[str], _Mark]] = None
        self._lock = threading.RLock()
        self.cursors: Dict[str, str] = {}
        self.since: Optional[str] = None
        self.seen: Dict[str, None] = {}             # a set in the order of arrival
        try:
            kept = json.loads(path.read_text(encoding='utf-8'))
            self.cursors = {str(channel): str(entry) for channel, entry in kept['cursors'].items()}
            self.seen = dict.fromkeys(map(str, kept['seen']))
            self.since = kept.get('mailbox')
            if remember_address and kept.get('instead_of') == self._given and isinstance(kept.get('address'), str):
                self.address = kept['address']
                if 'before' in kept:
                    self.before = _Offer(*map(str, kept['before']), back=True)
            if 'sealed' in kept:
                rotation, channel, entry = map(str, kept['sealed'])
                self.sealed = rotation, channel, entry
            outdated = 'address' in kept and self.address is None
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.error('%s cannot be read, so we begin at now: %s', path, type(error).__name__)
        if outdated:
            self.save()                             # without it

    def without_cursor(self, channels: List[str]) -> List[str]:
        with self._lock:
            return [channel for channel in channels if channel not in self.cursors]

    def begin(self, cursors: Dict[str, str]) -> None:
        """Where another thread was faster, its cursors stay: they may have moved on."""
        with self._lock:
            self.cursors = {**cursors, **self.cursors}
            self.save()

    def remember(self, identity: Optional[str]) -> None:
        if identity is None:
            return
        with self._lock:
            self.seen[identity] = None
            while len(self.seen) > REMEMBERED:
                del self.seen[next(iter(self.seen))]

    def hand_out(self, identity: Optional[str], mark: _Mark) -> None:
        """From now on it is known here; in the file it is once it is handled."""
        with self._lock:
            self.remember(identity)
            self._pending = identity, mark

    def confirm(self) -> None:
        """What was handed out last is handled."""
        with self._lock:
            if self._pending is not None:
                _, mark = self._pending
                self._pending = None
                self.advance(mark)
                self.save()

    def advance(self, mark: _Mark) -> None:
        with self._lock:
            if mark.channel is not None and mark.entry is not None:
                self.cursors[mark.channel] = mark.entry
            if mark.since is not None:
                self.since = max(self.since or '', mark.since)

    def take_address(self, url: str, before: Optional[_Offer]) -> None:
        if self._remember_address:
            with self._lock:
                given = _fingerprint(url) == self._given
                self.address, self.before = (None, None) if given else (url, before)
                self.save()

    def note_sealed(self, rotation: str, mark: _Mark) -> None:
        """Where it stands is kept, and not what it says: that is only ever read in the record."""
        if mark.channel is not None and mark.entry is not None:
            with self._lock:
                self.sealed = rotation, mark.channel, mark.entry

    def forget_sealed(self, rotation: str) -> None:
        with self._lock:
            if self.sealed and self.sealed[0] == rotation:
                self.sealed = None
                self.save()

    def save(self) -> None:
        """Writes it beside and puts it in its place, so that it is whole at every moment."""
        with self._lock:
            pending = self._pending[0] if self._pending else None
            seen = [identity for identity in self.seen if identity != pending]
            kept = {'v': 1, 'cursors': self.cursors, 'mailbox': self.since, 'seen': seen}
            if self.address:
                kept.update({'address': self.address, 'instead_of': self._given})
                if self.before:
                    kept['before'] = [self.before.rotation, self.before.url]
            if self.sealed:
                kept['sealed'] = self.sealed
            os.replace(_write_beside(self._path, json.dumps(kept)), self._path)


class _Key:
    """Our key pair, to which a new address is sealed: made once, and kept in a file of its own."""

    def __init__(self, path: Path):
        self._path = path

    def there(self) -> bool:
        return self._path.is_file()

    def make(self) -> Any:
        if pyrage is None:
            raise RuntimeError('pyrage is not installed: pip install pyrage')
        if not self.there():
            beside = _write_beside(self._path, str(pyrage.x25519.Identity.generate()) + '\n')
            try:
                os.link(beside, self._path)         # unlike a replacement it never takes the place of another
            except FileExistsError:
                pass
            finally:
                os.unlink(beside)
        try:
            return pyrage.x25519.Identity.from_str(self._path.read_text(encoding='ascii').strip())
        except (pyrage.IdentityError, ValueError):
            raise RuntimeError(f'{self._path} holds no key') from None

    def public(self) -> str:
        return str(self.make().to_public())

    def open(self, sealed: str) -> Optional[str]:
        if not self.there():
            return None
        try:
            return pyrage.decrypt(sealed.encode(), [self.make()]).decode().strip()
        except (pyrage.DecryptError, RuntimeError, ValueError, OSError):
            return None


def _write_beside(path: Path, text: str) -> Path:
    """Writes a file that nobody else may read, for being put in its place as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(path.name + '.new')
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, 'w', encoding='utf-8') as file:
        file.write(text)
    return beside


def _default_state(name: str) -> Path:
    base = os.environ.get('XDG_STATE_HOME') or Path.home() / '.local' / 'state'
    return Path(base) / 'heliograph-helios' / f'{urllib.parse.quote(name, safe="")}.json'


def _is_refusal(error: Exception) -> bool:
    """Older versions of redis-py do not know the server's word for it."""
    return isinstance(error, redis.AuthenticationError) or str(error).startswith('WRONGPASS')


def _place(url: str) -> Optional[Tuple[str, Optional[str], int]]:
    """Which server an address leads to, and whether by TLS; None where it is no address."""
    try:
        parts = urllib.parse.urlsplit(url)
        known = parts.scheme in ('redis', 'rediss') and parts.hostname
        return (parts.scheme, parts.hostname, parts.port or 6379) if known else None
    except ValueError:                              # its words would repeat a part of the address
        return None


def _fingerprint(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _rfc3339(seconds: float) -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


def _order(entry: bytes) -> Tuple[int, int]:
    milliseconds, _, number = entry.decode().partition('-')
    return int(milliseconds), int(number or 0)


def _text(value: Any) -> Optional[str]:
    """Text, or what a number or a truth value is as text."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return str(value) if isinstance(value, (str, int, float)) and value != '' else None


def _id(value: Any) -> Optional[str]:
    text = _text(value)
    return text if text and len(text.encode('utf-8', 'replace')) <= 256 else None


def _no_constant(word: str) -> Any:
    """Python would read what JSON does not have."""
    raise ValueError(f'{word} is not JSON')


def _number(value: Any) -> Optional[float]:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _seconds(value: Any) -> Optional[float]:
    """Seconds since 1970, also from milliseconds and from RFC 3339 in UTC."""
    if isinstance(value, bool):
        return None
    number = _number(value)
    if number is None and isinstance(value, str) and re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$', value):
        return float(calendar.timegm(time.strptime(value[:19], '%Y-%m-%dT%H:%M:%S')))
    if number is None or number != number or abs(number) > 1e15:
        return None
    return number / 1000 if number > 1e11 else number
