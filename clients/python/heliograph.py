"""Helios's side of Heliograph, in one file that needs redis-py 4.3 or newer and nothing else.

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

`send` and its like may be called from any thread; `listen` belongs to one.
"""
from __future__ import annotations

import calendar
import collections
import email.utils
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
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

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
        **options: Any,
    ):
        self.name, self.peer = name, peer
        self.mailbox = mailbox or Mailbox.from_environment()
        self._every, self._patience = heartbeat, patience
        self._poll_while_away, self._poll = poll_while_away, poll
        self._recorded = [f'{peer}→{name}-urgent', f'{peer}→{name}', f'{peer}→{name}-low', 'broadcast', f'agent.{name}']
        self._state = _State(Path(state) if state else _default_state(name))
        options.setdefault('socket_timeout', SOCKET_TIMEOUT)
        options.setdefault('socket_connect_timeout', SOCKET_TIMEOUT)
        if int(redis.__version__.split('.')[0]) >= 5:
            options.setdefault('protocol', 2)       # one form of answers from all versions
        # A retry inside redis-py would hide that something was missed; we retry ourselves.
        self._redis = redis.from_url(url, socket_keepalive=True, retry=Retry(NoBackoff(), 0), **options)
        self._closing = threading.Event()
        self._changed = threading.Condition()       # guards what follows, and tells of changes
        self._down_since: Optional[float] = None
        self._unheard: Dict[str, float] = {}        # our own heartbeats that have not come back, and when they went
        self._hearing = False
        self._next_beat = 0.0
        self._poll_now = True
        # Full: the poll waits, and the rest stays with GitHub.
        self._mail: queue.Queue[Tuple[str, str, _Mark]] = queue.Queue(PAGE)
        # Full: the oldest goes without its mark, which is only for people's eyes.
        self._to_mark: collections.deque[int] = collections.deque(maxlen=PAGE)
        self._beside: List[threading.Thread] = []

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
        # The one that listens is closed where it is used.
        self._redis.connection_pool.disconnect(inuse_connections=False)

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
            try:
                # The first time ever: an answer may come before anybody listens.
                self._begin_at_now()
                heard = self._publish(channel, text)
            except redis.ResponseError as error:    # Redis is there, and trying again does not mend it
                _raise_if_refused(error)
                self._leave(channel, text, id, error)
                return id
            except (redis.RedisError, OSError) as error:
                _raise_if_refused(error)
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
        """What comes, for ever: first what was missed, then live. A refused password ends it with an exception."""
        self._state.confirm()
        self._start_beside()
        failures = 0
        try:
            while not self._closing.is_set():
                try:
                    yield from self._hear()
                except (redis.RedisError, OSError) as error:
                    _raise_if_refused(error)
                    if self._closing.is_set():
                        return
                    failures = 0 if self._hearing else failures + 1
                    self._hearing = False
                    self._went_down(error)
                yield from self._wait_for_mail(random.uniform(0, min(LONGEST_RETRY, 0.25 * 2 ** min(failures, 10))))
        finally:
            self._hearing = False

    def _hear(self) -> Iterator[Message]:
        """One connection's life."""
        self._begin_at_now()
        channels = [*self._recorded, 'heartbeat']
        pubsub = self._redis.pubsub()
        try:
            pubsub.subscribe(*channels)
            unconfirmed, until, since_forward = set(channels), time.monotonic() + SOCKET_TIMEOUT, 0
            while not self._closing.is_set():
                got = pubsub.get_message(timeout=0.2)
                if got is None:
                    self._check_beats()
                    if not self._hearing and time.monotonic() > until:
                        raise redis.ConnectionError('the subscription is not confirmed')
                elif got['type'] == 'subscribe':
                    unconfirmed.discard(got['channel'].decode())
                    if not unconfirmed:
                        # A connection that was made anew behind our back confirms again, and may have missed something.
                        unconfirmed, since_forward = set(channels), 0
                        self._came_up()
                        self._mend_cursors()
                        yield from self._read_forward()
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
        elif message.sender != self.name and message.kind != 'heartbeat':
            identity = f'{message.sender} {message.id}' if message.id else None
            if identity is None or identity not in self._state.seen:
                if message.kind != 'ping':
                    self._state.hand_out(identity, mark)
                    yield message
                    self._state.confirm()
                    self._mark_comment(mark)
                    return
                self._state.remember(identity)
                self._pong(message)
        self._state.advance(mark)
        self._mark_comment(mark)

    def _pong(self, ping: Message) -> None:
        channel = self._channel_to(ping.sender or self.peer, None)
        text = self._envelope('pong', {'ping': ping.id}, str(uuid.uuid4()), reply_to=ping.id)
        try:
            self._publish(channel, text)
        except (redis.RedisError, OSError, ValueError) as error:
            log.warning('a ping could not be answered: %s', error)

    # Signs of life

    def _came_up(self) -> None:
        self._is_up()
        with self._changed:
            self._hearing = True
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
        return due

    def _fetch_mail(self, mailbox: Mailbox) -> None:
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
            return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(told))

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

    def poll(self, since: str) -> Iterator[Tuple[str, str, _Mark]]:
        """What was written since then: channel, envelope, and how far one is with it. Without a channel it is only the
        last."""
        query = urllib.parse.urlencode({'since': since, 'sort': 'updated', 'direction': 'asc', 'per_page': 100})
        path: Optional[str] = f'{self._home}/issues/comments?{query}'
        while path:
            with self._lock:
                self._learn_who_we_are()
                headers, comments = self._ask_anew(path)
                found = [self._open(comment) for comment in comments]
            yield from found
            path = self._next(headers)

    def _open(self, comment: Dict[str, Any]) -> Tuple[str, str, _Mark]:
        """A comment's channel and envelope, or no channel where it is not to be trusted or not ours."""
        id, updated, login = comment['id'], comment['updated_at'], str((comment.get('user') or {}).get('login'))
        nothing = '', '', _Mark(since=updated)
        if id in self._looked:
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

    def __init__(self, path: Path):
        self._path = path
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
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.error('%s cannot be read, so we begin at now: %s', path, type(error).__name__)

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

    def save(self) -> None:
        """Writes it beside and puts it in its place, so that it is whole at every moment."""
        with self._lock:
            pending = self._pending[0] if self._pending else None
            seen = [identity for identity in self.seen if identity != pending]
            kept = {'v': 1, 'cursors': self.cursors, 'mailbox': self.since, 'seen': seen}
            text = json.dumps(kept)
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self._path.with_name(self._path.name + '.new')
            # Nobody else may read it.
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, 'w', encoding='utf-8') as file:
                file.write(text)
            os.replace(beside, self._path)


def _default_state(name: str) -> Path:
    base = os.environ.get('XDG_STATE_HOME') or Path.home() / '.local' / 'state'
    return Path(base) / 'heliograph-helios' / f'{urllib.parse.quote(name, safe="")}.json'


def _raise_if_refused(error: Exception) -> None:
    """Trying again does not mend a password. Older versions of redis-py do not know the server's word for it."""
    if isinstance(error, redis.AuthenticationError) or str(error).startswith('WRONGPASS'):
        log.error('Redis refuses the password')
        raise redis.AuthenticationError('Redis refuses the password') from error


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
