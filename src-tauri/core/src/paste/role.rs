//! What a name says of the value beside it: `UPSTASH_REDIS_REST_TOKEN`, `Endpoint`, `password`.

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A whole address, of Redis or of the REST interface.
    Url,
    Host,
    Port,
    User,
    Password,
    /// The REST interface's token, which is the password too.
    Token,
    /// A token that may only read.
    ReadOnly,
    Tls,
}

/// A name that has a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) role: Role,
    /// It names Redis or Upstash, and is not just any `PORT`.
    pub(super) ours: bool,
}

/// What a value of this name is for, if that can be known.
pub(super) fn named(name: &str) -> Option<Named> {
    if name.len() > 60 {
        return None;
    }
    let upper: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let upper = upper.trim_matches('_');
    if (upper.contains("READ_ONLY") || upper.contains("READONLY")) && upper.ends_with("TOKEN") {
        return Some(Named { role: Role::ReadOnly, ours: true });
    }
    let mut rest = upper;
    let mut ours = false;
    while let Some(shorter) = ["UPSTASH_", "REDIS_", "KV_", "REDISCLI_"].iter().find_map(|p| rest.strip_prefix(p)) {
        rest = shorter;
        ours = true;
    }
    rest = ["REST_API_", "REST_"].iter().find_map(|prefix| rest.strip_prefix(prefix)).unwrap_or(rest);
    let role = match rest {
        "URL" | "URI" | "TLS_URL" | "CONNECTION_STRING" => Role::Url,
        "HOST" | "HOSTNAME" | "ENDPOINT" | "SERVER" | "ADDRESS" => Role::Host,
        "PORT" | "TLS_PORT" => Role::Port,
        "USER" | "USERNAME" => Role::User,
        "PASSWORD" | "PASS" | "AUTH" => Role::Password,
        "TOKEN" => Role::Token,
        "TLS" | "SSL" | "TLS_SSL" | "USE_TLS" => Role::Tls,
        _ => return None,
    };
    Some(Named { role, ours })
}
