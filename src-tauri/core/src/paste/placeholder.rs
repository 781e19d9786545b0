//! Telling what somebody was meant to fill in from what they have filled in.

const WORDS: [&str; 12] = [
    "PASSWORD",
    "PASS",
    "TOKEN",
    "SECRET",
    "KEY",
    "AUTH",
    "REST_TOKEN",
    "REDIS_PASSWORD",
    "UPSTASH_TOKEN",
    "HOST",
    "ENDPOINT",
    "NAME",
];

/// Does this stand where something else belongs? `PASSWORD`, `********`, `<token>`, `${REDIS_TOKEN}`, …
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let first_label = value.split('.').next().unwrap_or_default();
    let within = |open: &str, close: &str| value.starts_with(open) && value.ends_with(close);
    let dots = value.chars().count() >= 3 && value.chars().all(|c| matches!(c, '*' | '•' | '●' | '·' | '…' | '.'));
    let crosses = first_label.len() >= 3 && first_label.bytes().all(|b| matches!(b, b'x' | b'X'));
    let lower = value.to_ascii_lowercase();
    let yours = ["your_", "your-", "my-endpoint", "my_password"].iter().any(|begin| lower.starts_with(begin));
    let code = ["os.environ", "process.env", "getenv", "env["].iter().any(|call| lower.contains(call));
    let variable = value.strip_prefix('$').is_some_and(|name| {
        name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    });
    WORDS.contains(&first_label)
        || within("<", ">")
        || value.starts_with('<') && value.contains('>')
        || within("[", "]")
        || within("{", "}")
        || within("${", "}")
        || within("%", "%") && value.len() > 2
        || variable
        || dots
        || crosses
        || yours
        || code
}
