//! From clues to one address, or to the reason why there is none.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{
    LONGEST_ADDRESS, Pasted,
    clues::{Clues, Secret},
    loose,
    placeholder::is_placeholder,
    url::{self, Parts, encoded, is_plausible},
    words,
};
use crate::{
    guide::{AddressView, Understanding},
    link::{self, Address, UNENCRYPTED, is_local, is_upstash},
    trouble::Trouble,
};

const USUAL_PORT: u16 = 6379;

/// Where a draft came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A `redis://` or `rediss://` address.
    Url,
    /// A host with a name that says it is one.
    Pieces,
    /// The REST interface's address and token.
    Rest,
    /// Words without a name.
    Words,
}

/// An address as it was written, not judged yet.
pub(super) struct Draft {
    pub(super) parts: Parts,
    pub(super) origin: Origin,
}

/// The one address that the clues amount to.
pub(super) fn resolve(mut clues: Clues, consent: bool) -> Pasted {
    let insecure = clues.insecure;
    match draft(&mut clues) {
        Ok(mut draft) => {
            draft.parts.insecure |= insecure;
            judge(draft, consent)
        }
        Err(trouble) => Pasted::refused(trouble),
    }
}

fn draft(clues: &mut Clues) -> Result<Draft, Trouble> {
    if clues.is_only_words() {
        return loose::read(&clues.words);
    }
    let mut drafts = Vec::new();
    let mut broken = None;
    for written in &clues.urls {
        match url::split(written) {
            Ok(mut parts) => {
                parts.tls |= clues.tls == Some(true);
                let password = parts.password.take().or_else(|| clues.password.clone());
                parts.password = password.or_else(|| clues.token.clone());
                parts.user = parts.user.take().or_else(|| clues.user.clone().map(Zeroizing::new));
                drafts.push(Draft { parts, origin: Origin::Url });
            }
            Err(why) => broken = Some(words::broken(why)),
        }
    }
    for written in &clues.hosts {
        let (host, of_host) = loose::host_and_port(written);
        let parts = Parts {
            tls: clues.tls.unwrap_or(!is_local(&host)),
            host,
            port: of_host.or_else(|| clues.port.clone()),
            user: clues.user.clone().map(Zeroizing::new),
            password: clues.password.clone().or_else(|| clues.token.clone()),
            ..Parts::default()
        };
        drafts.push(Draft { parts, origin: Origin::Pieces });
    }
    for host in &clues.rest {
        let password = clues.token.clone().or_else(|| clues.password.clone());
        let parts = Parts { host: host.clone(), tls: true, password, ..Parts::default() };
        drafts.push(Draft { parts, origin: Origin::Rest });
    }
    if let (true, Some(broken)) = (drafts.is_empty(), broken) {
        return Err(broken);
    }
    let draft = drafts.into_iter().map(Ok).reduce(|one, other| agreed(one?, other?));
    let draft = draft.unwrap_or_else(|| Err(without_host(clues)))?;
    match (&draft.parts.password, draft.origin) {
        (None, _) if clues.read_only => Err(words::read_only()),
        (None, Origin::Rest) => Err(words::rest_without_token()),
        _ => Ok(draft),
    }
}

fn without_host(clues: &Clues) -> Trouble {
    if clues.password.is_some() || clues.token.is_some() {
        words::token_without_host()
    } else if clues.read_only {
        words::read_only()
    } else if clues.console {
        words::console_page()
    } else if clues.page {
        words::other_page()
    } else {
        words::unrecognised()
    }
}

/// One of two, where they are the same address.
fn agreed(one: Draft, other: Draft) -> Result<Draft, Trouble> {
    let (mut kept, more) = (one, other.parts);
    let of = &mut kept.parts;
    let same_host = of.host.eq_ignore_ascii_case(&more.host);
    let same_port = match (&of.port, &more.port) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    if !(same_host && same_port) {
        return Err(words::two_addresses(&shown(of), &shown(&more)));
    }
    let both_urls = kept.origin == Origin::Url && other.origin == Origin::Url;
    if both_urls && of.password.is_some() && more.password.is_some() && of.password != more.password {
        return Err(words::two_passwords(&shown(of)));
    }
    of.tls |= more.tls;
    of.port = of.port.take().or(more.port);
    of.user = of.user.take().or(more.user);
    of.password = of.password.take().or(more.password);
    Ok(kept)
}

/// Host and port as they may be shown; a host that does not look like one may be anything.
fn shown(parts: &Parts) -> String {
    let host = if is_plausible(&parts.host) { parts.host.as_str() } else { "a host that cannot be read" };
    match parts.port.as_deref().map(str::parse::<u16>) {
        Some(Ok(port)) => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

fn judge(mut draft: Draft, consent: bool) -> Pasted {
    let mut notes = Vec::new();
    let parts = &mut draft.parts;
    if is_bare_endpoint(&parts.host) && draft.origin == Origin::Pieces {
        parts.host.push_str(".upstash.io");
        notes.push(words::endpoint_completed(&parts.host));
    }
    if is_placeholder(&parts.host) {
        return Pasted::refused(words::placeholder_host());
    }
    let host = parts.host.to_ascii_lowercase();
    let written_plain = !parts.tls;
    parts.tls |= is_upstash(&host);
    let port = match port(parts.port.as_deref()) {
        Ok(port) => port,
        Err(trouble) => return with_trouble(trouble, view(parts, USUAL_PORT), notes),
    };
    if let Some(trouble) = unusable(parts, &host) {
        return with_trouble(trouble, view(parts, port), notes);
    }
    notes.extend(notes_on(&draft, written_plain));
    let plain = !draft.parts.tls && !is_local(&host);
    let url = canonical(&draft.parts, port, plain);
    if url.len() >= LONGEST_ADDRESS {
        return with_trouble(words::too_long(), view(&draft.parts, port), notes);
    }
    let url = SecretString::from(url.as_str());
    let address = match Address::parse(&url) {
        Ok(address) => address,
        Err(trouble) => return with_trouble(trouble, None, notes),
    };
    let understanding = Understanding {
        address: Some(AddressView::from(&address)),
        notes,
        trouble: None,
        consent: plain.then(|| words::consent(&address.host)),
    };
    Pasted { understanding, url: (consent || !plain).then_some(url) }
}

/// What speaks against it, apart from its port.
fn unusable(parts: &Parts, host: &str) -> Option<Trouble> {
    if parts.insecure {
        return Some(link::insecure());
    }
    match &parts.password {
        None if is_local(host) => None,
        None if parts.user.is_some() => Some(words::user_without_password()),
        None => Some(words::missing_password()),
        Some(password) if is_placeholder(password) => Some(words::placeholder_password()),
        Some(_) => None,
    }
}

fn notes_on(draft: &Draft, written_plain: bool) -> Vec<String> {
    let parts = &draft.parts;
    let mut notes = Vec::new();
    if written_plain && parts.tls {
        notes.push(words::became_encrypted());
    }
    if draft.origin == Origin::Rest {
        notes.push(words::made_from_rest());
    } else if parts.port.is_none() {
        notes.push(words::usual_port());
    }
    if parts.raw {
        notes.push(words::password_encoded());
    }
    if parts.extras {
        notes.push(words::extras_left_out());
    }
    notes
}

/// The API calls an endpoint by its first label alone: `calm-owl-12345`.
fn is_bare_endpoint(host: &str) -> bool {
    let name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let number = host.rsplit_once('-').is_some_and(|(_, last)| last.bytes().all(|b| b.is_ascii_digit()));
    name && number && !is_placeholder(host)
}

fn port(written: Option<&str>) -> Result<u16, Trouble> {
    let Some(written) = written else { return Ok(USUAL_PORT) };
    if written.is_empty() {
        return Err(words::port_missing());
    }
    match written.parse::<u32>() {
        Ok(0) => Err(words::port_zero()),
        Ok(number) => u16::try_from(number).map_err(|_| words::port_too_large()),
        Err(_) if written.bytes().all(|b| b.is_ascii_digit()) => Err(words::port_too_large()),
        Err(_) => Err(words::port_unreadable()),
    }
}

/// As far as it was understood; nothing where even the host is doubtful.
fn view(parts: &Parts, port: u16) -> Option<AddressView> {
    let password = parts.password.is_some();
    is_plausible(&parts.host).then(|| AddressView {
        host: parts.host.to_ascii_lowercase(),
        port,
        user: parts.user.as_ref().map(|user| user.as_str().to_owned()).filter(|user| password && user != "default"),
        tls: parts.tls,
        password,
    })
}

fn with_trouble(trouble: Trouble, address: Option<AddressView>, notes: Vec<String>) -> Pasted {
    Pasted { understanding: Understanding { address, notes, trouble: Some(trouble), consent: None }, url: None }
}

/// The address in the one form in which it is kept.
fn canonical(parts: &Parts, port: u16, plain: bool) -> Secret {
    let scheme = if parts.tls { "rediss" } else { "redis" };
    let login = match (&parts.user, &parts.password) {
        (user, Some(password)) => {
            let user = encoded(user.as_ref().map_or("", |user| user.as_str()));
            Zeroizing::new(format!("{}:{}@", user.as_str(), encoded(password).as_str()))
        }
        _ => Secret::default(),
    };
    let host = if parts.host.contains(':') { format!("[{}]", parts.host) } else { parts.host.to_ascii_lowercase() };
    let mark = if plain { UNENCRYPTED } else { "" };
    Zeroizing::new(format!("{scheme}://{}{host}:{port}{mark}", login.as_str()))
}
