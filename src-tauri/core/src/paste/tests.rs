#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::trouble::TroubleCode;

fn pasted(text: &str) -> Pasted {
    understand(&SecretString::from(text), false)
}

/// The address that comes of it: what is kept, and whether a note holds these words.
fn becomes(text: &str, address: &str, note: &str) {
    let pasted = pasted(text);
    let said = pasted.understanding().clone();
    assert_eq!((said.trouble, said.consent), (None, None), "{text}");
    let all = said.notes.join("\n");
    assert!(all.contains(note) && all.is_empty() == note.is_empty(), "{text}: {all}");
    assert_eq!(pasted.address().unwrap().expose_secret(), address, "{text}");
}

/// What is said instead.
fn says(text: &str, message: &str) {
    let pasted = pasted(text);
    let trouble = pasted.understanding().trouble.clone().unwrap_or_else(|| panic!("{text}: {pasted:?}"));
    assert!(trouble.message.contains(message), "{text}: {}", trouble.message);
    assert!(!format!("{pasted:?}").contains("ASECRETZ"), "{text}: {pasted:?}");
    pasted.address().map(|_| ()).unwrap_err();
}

const OWL: &str = "rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379";
/// The same where no user was named.
const OWL_ALONE: &str = "rediss://:AXs3cr3t@calm-owl-1.upstash.io:6379";

#[test]
fn addresses() {
    let encrypted = "redis:// became rediss://";
    let rows = [
        ("rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, ""),
        ("  \"rediss://default:AXs3cr3t@Calm-Owl-1.upstash.io:6379\"  \r\n", OWL, ""),
        ("\u{FEFF}rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379\n\n", OWL, ""),
        ("“rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379”", OWL, ""),
        ("`rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379`,", OWL, ""),
        ("<rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379>", OWL, ""),
        ("REDISS://default:AXs3cr3t@calm-owl-1.upstash.io:6379/0", OWL, ""),
        ("redis://default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, encrypted),
        ("rediss://default:AXs3cr3t@calm-owl-1.upstash.io", OWL, "the usual one is taken: 6379"),
        ("rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379/3?protocol=3", OWL, "left out"),
        ("rediss://:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL_ALONE, ""),
        ("redis://localhost:7000", "redis://localhost:7000", ""),
        ("redis://:pw@127.0.0.1:7000", "redis://:pw@127.0.0.1:7000", ""),
        ("rediss://u:pw@[2001:db8::1]:7000", "rediss://u:pw@[2001:db8::1]:7000", ""),
        ("rediss://u:a%40b@h.example:1", "rediss://u:a%40b@h.example:1", ""),
        ("rediss://u:a/b#c?d@e@h.example:1", "rediss://u:a%2Fb%23c%3Fd%40e@h.example:1", "characters"),
        ("rediss://u:12#34@h.example:1", "rediss://u:12%2334@h.example:1", "characters"),
        ("rediss://u:p@ss/word@h.example:1", "rediss://u:p%40ss%2Fword@h.example:1", "characters"),
        ("rediss://u:pw@h.example:1?x=a@b.example", "rediss://u:pw@h.example:1", "left out"),
        ("rediss://u:päss@h.example:1", "rediss://u:p%C3%A4ss@h.example:1", "characters"),
        ("default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, ""),
        ("calm-owl-1.upstash.io:6379 AXs3cr3t", OWL_ALONE, ""),
        ("calm-owl-1.upstash.io\n6379\nAXs3cr3t", OWL_ALONE, ""),
        ("AXs3cr3t calm-owl-1.upstash.io", OWL_ALONE, "the usual one"),
    ];
    for (text, address, note) in rows {
        becomes(text, address, note);
    }
}

#[test]
fn commands() {
    let encrypted = "redis:// became rediss://";
    let rows = [
        ("redis-cli --tls -u redis://default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, ""),
        ("redis-cli -u redis://default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, encrypted),
        ("$ redis-cli --tls -u 'redis://default:AXs3cr3t@calm-owl-1.upstash.io:6379' PING", OWL, ""),
        ("redis-cli --tls -a AXs3cr3t -h calm-owl-1.upstash.io -p 6379", OWL_ALONE, ""),
        ("redis-cli --tls \\\n  -a \"AXs3cr3t\" \\\n  -h calm-owl-1.upstash.io -p 6379", OWL_ALONE, ""),
        ("redis-cli --tls --user default --pass AXs3cr3t -h calm-owl-1.upstash.io -p 6379", OWL, ""),
        ("REDISCLI_AUTH=AXs3cr3t redis-cli --tls -h calm-owl-1.upstash.io -p 6379 --raw GET x", OWL_ALONE, ""),
        ("export REDISCLI_AUTH='AXs3cr3t'\nredis-cli --tls -h calm-owl-1.upstash.io -p 6379", OWL_ALONE, ""),
        ("docker run -it redis redis-cli -n 0 -h calm-owl-1.upstash.io -a AXs3cr3t -p 6379", OWL_ALONE, encrypted),
        ("redis-cli --tls -a AXs3cr3t -h calm-owl-1.upstash.io", OWL_ALONE, "the usual one"),
        ("redis-cli --tls -u redis://u:pw@10.0.0.1:7000", "rediss://u:pw@10.0.0.1:7000", ""),
    ];
    for (text, address, note) in rows {
        becomes(text, address, note);
    }
}

#[test]
fn files_and_consoles_and_programs() {
    let rest = "Made from the REST address";
    let rows = [
        ("UPSTASH_REDIS_URL=rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, ""),
        (
            "# mine\r\nexport REDIS_URL=\"rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379\"   \r\nPORT=3000\r\n",
            OWL,
            "",
        ),
        ("KV_URL='rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379' # from Vercel", OWL, ""),
        ("#REDIS_URL=redis://localhost:6379\nREDIS_URL=rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379", OWL, ""),
        (
            "UPSTASH_REDIS_REST_URL=\"https://calm-owl-1.upstash.io\"\nUPSTASH_REDIS_REST_TOKEN=\"AXs3cr3t\"  \n\n",
            OWL_ALONE,
            rest,
        ),
        (
            "HOST=0.0.0.0\nPORT=3000\nKV_REST_API_URL=https://calm-owl-1.upstash.io\nKV_REST_API_TOKEN=AXs3cr3t\n\
             KV_REST_API_READ_ONLY_TOKEN=Other",
            OWL_ALONE,
            rest,
        ),
        (
            "KV_URL=rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379\nKV_REST_API_URL=https://calm-owl-1.upstash.io\n\
             KV_REST_API_TOKEN=AXs3cr3t\nREDIS_URL=rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379",
            OWL,
            "",
        ),
        ("REDIS_HOST=h.example\nREDIS_PORT=7000\nREDIS_PASSWORD=pw", "rediss://:pw@h.example:7000", ""),
        ("REDIS_URL=rediss://calm-owl-1.upstash.io:6379\nREDIS_PASSWORD=AXs3cr3t", OWL_ALONE, ""),
        ("Endpoint\ncalm-owl-1.upstash.io\nPort\n6379\nToken\nAXs3cr3t\nTLS/SSL\nEnabled", OWL_ALONE, ""),
        ("Endpoint: calm-owl-1.upstash.io\nPort: 6379\nPassword: AXs3cr3t", OWL_ALONE, ""),
        ("Endpoint\tcalm-owl-1.upstash.io\nPort\t6379\nREST Token\tAXs3cr3t", OWL_ALONE, ""),
        ("Endpoint calm-owl-1.upstash.io\nPort 6379\nUsername default\nToken AXs3cr3t", OWL, ""),
        (
            r#"{"endpoint":"calm-owl-1.upstash.io","port":6379,"password":"AXs3cr3t","tls":true,"state":"active"}"#,
            OWL_ALONE,
            "",
        ),
        (
            r#"[{"database_name":"x","endpoint":"calm-owl-1","port":6379,"rest_token":"AXs3cr3t","read_only_rest_token":"R"}]"#,
            OWL_ALONE,
            "the whole name is calm-owl-1.upstash.io",
        ),
        (
            r#"import redis
r = redis.from_url("rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379", decode_responses=True)"#,
            OWL,
            "",
        ),
        ("r = redis.Redis(host='calm-owl-1.upstash.io', port=6379, password='AXs3cr3t', ssl=True)", OWL_ALONE, ""),
        (
            "const redis = new Redis({\n  url: 'https://calm-owl-1.upstash.io',\n  token: 'AXs3cr3t',\n})",
            OWL_ALONE,
            rest,
        ),
        (
            "services:\n  app:\n    environment:\n      - REDIS_URL=rediss://default:AXs3cr3t@calm-owl-1.upstash.io:6379",
            OWL,
            "",
        ),
    ];
    for (text, address, note) in rows {
        becomes(text, address, note);
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    let rows = [
        (
            "UPSTASH_REDIS_REST_READONLY_TOKEN=ASECRETZ\nUPSTASH_REDIS_REST_URL=https://calm-owl-1.upstash.io",
            "read-only",
        ),
        ("KV_REST_API_READ_ONLY_TOKEN=\"ASECRETZ\"", "read-only"),
        (r#"{"endpoint":"calm-owl-1","port":6379,"read_only_rest_token":"ASECRETZ"}"#, "read-only"),
        ("https://calm-owl-1.upstash.io", "REST interface, without its token"),
        ("UPSTASH_REDIS_REST_URL=https://calm-owl-1.upstash.io", "REST interface, without its token"),
        ("UPSTASH_REDIS_REST_TOKEN=ASECRETZ", "does not say of which database"),
        ("AXASECRETZAXASECRETZAXASECRETZAXASECRETZ", "does not say of which database"),
        ("redis-cli --tls -a ASECRETZ", "does not say of which database"),
        ("calm-owl-1.upstash.io:", "no port after it"),
        ("rediss://default:ASECRETZ@calm-owl-1.upstash.io:", "no port after it"),
        ("redis-cli --tls -a ASECRETZ -h calm-owl-1.upstash.io:", "no port after it"),
        ("calm-owl-1.upstash.io", "no password"),
        ("calm-owl-1.upstash.io:6379", "no password"),
        ("rediss://calm-owl-1.upstash.io:6379", "no password"),
        ("rediss://ASECRETZ@calm-owl-1.upstash.io:6379", "a user and no password"),
        ("redis-cli --tls -h calm-owl-1.upstash.io -p 6379", "no password"),
        (r#"{"endpoint":"calm-owl-1.upstash.io","port":6379}"#, "no password"),
        ("rediss://ASECRETZASECRETZ", "no password"),
        ("https://console.upstash.com/redis/4f1b?tab=details", "page of the Upstash website"),
        ("https://example.com/redis", "a web page"),
        ("rediss://default:PASSWORD@calm-owl-1.upstash.io:6379", "placeholder"),
        ("rediss://default:********@calm-owl-1.upstash.io:6379", "placeholder"),
        ("rediss://default:<token>@calm-owl-1.upstash.io:6379", "placeholder"),
        ("redis-cli --tls -a $REDIS_PASSWORD -h calm-owl-1.upstash.io -p 6379", "placeholder"),
        ("UPSTASH_REDIS_REST_URL=https://calm-owl-1.upstash.io\nUPSTASH_REDIS_REST_TOKEN=\"••••••\"", "placeholder"),
        ("rediss://default:ASECRETZ@<endpoint>:6379", "host belongs stands a placeholder"),
        ("rediss://default:ASECRETZ@NAME.upstash.io:6379", "host belongs stands a placeholder"),
        ("rediss://default:ASECRETZ@calm-owl-1.upstash.io:6379#insecure", "without checking whom it reaches"),
        ("redis-cli --tls --insecure -a ASECRETZ -h calm-owl-1.upstash.io", "without checking whom it reaches"),
        ("rediss://default:ASECRETZ@calm-owl-1.upstash.io:0", "port 0"),
        ("rediss://default:ASECRETZ@calm-owl-1.upstash.io:99999", "above 65535"),
        ("rediss://default:ASECRETZ@calm-owl-1.upstash.io:99999999999999", "above 65535"),
        ("rediss://default:ASECRETZ@calm-owl-1.upstash.io:port", "no number"),
        (
            "REDIS_URL=rediss://u:ASECRETZ@one.example:1\nUPSTASH_REDIS_URL=rediss://u:ASECRETZ@two.example:1",
            "one.example:1 and two.example:1",
        ),
        ("rediss://u:ASECRETZ@one.example:1 rediss://u:ASECRETZ@one.example:2", "one.example:1 and one.example:2"),
        ("rediss://u:ASECRETZ@one.example:1\nrediss://u:ASECRETZ2@one.example:1", "two different passwords"),
        ("rediss://u:ASECRETZ%FF@one.example:1", "not text"),
        ("rediss://", "no host can be found"),
        ("rediss://u:ASECRETZ@", "no host can be found"),
        ("rediss://u:ASECRETZ@h%20x:1", "names no host"),
        ("hello", "no address of a Redis database"),
        ("my password is ASECRETZ please connect", "no address of a Redis database"),
        ("{\"a\": 1}", "no address of a Redis database"),
    ];
    for (text, message) in rows {
        says(text, message);
    }
}

#[test]
fn lengths_have_bounds() {
    let long = format!("rediss://default:{}@calm-owl-1.upstash.io:6379", "ASECRETZ".repeat(200));
    says(&long, "longer than a keychain keeps");
    says(&"ASECRETZ ".repeat(10_000), "too much text");
    let just = format!("rediss://u:{}@h.example:1", "a".repeat(1_199 - 23));
    assert_eq!(pasted(&just).address().unwrap().expose_secret().len(), 1_199);
    says(&format!("rediss://u:{}@h.example:1", "a".repeat(1_200 - 23)), "longer than a keychain keeps");
}

#[test]
fn nothing_is_nothing() {
    for text in ["", " \r\n\t", "\u{FEFF}", "# only a comment"] {
        let pasted = pasted(text);
        assert_eq!(pasted.understanding(), &nothing_said(), "{text:?}");
        assert_eq!(pasted.address().map(|_| ()).unwrap_err().message, "Nothing was pasted.");
    }
}

#[test]
fn unencrypted_to_elsewhere_needs_a_deliberate_yes() {
    for text in [
        "redis://u:ASECRETZ@10.0.0.1:7000",
        "redis-cli -a ASECRETZ --user u -h 10.0.0.1 -p 7000",
        "redis://u:ASECRETZ@10.0.0.1:7000#unencrypted",
    ] {
        let refused = pasted(text);
        assert!(refused.understanding().consent.as_ref().unwrap().contains("10.0.0.1"), "{text}");
        assert!(!refused.understanding().address.as_ref().unwrap().tls);
        assert_eq!(refused.address().map(|_| ()).unwrap_err().code, TroubleCode::AddressUnreadable);
        let agreed = understand(&SecretString::from(text), true);
        assert!(agreed.understanding().consent.is_some(), "what was agreed to stays on the screen");
        let kept = agreed.address().unwrap();
        assert_eq!(kept.expose_secret(), "redis://u:ASECRETZ@10.0.0.1:7000#unencrypted");
        let read_again = Address::parse(&kept).unwrap();
        assert_eq!((read_again.tls, read_again.shown().as_str()), (false, "10.0.0.1:7000"));
    }
    let needless = understand(&SecretString::from(OWL), true);
    assert_eq!(needless.address().unwrap().expose_secret(), OWL, "a yes that nobody asked for changes nothing");
}

#[test]
fn what_is_shown_is_what_is_kept() {
    let pasted = pasted("rediss://helios:pw@h.example:7000");
    let view = pasted.understanding().address.clone().unwrap();
    let wanted =
        AddressView { host: "h.example".into(), port: 7000, user: Some("helios".into()), tls: true, password: true };
    assert_eq!(view, wanted);
    let again = understand(&pasted.address().unwrap(), false);
    assert_eq!(again.understanding().address, Some(wanted));
}

/// Shapes in which a secret (S) is pasted, sound and broken ones.
const SHAPES: [&str; 22] = [
    "rediss://default:S@h.example:6379",
    "redis://S@h.example",
    "rediss://S",
    "rediss://default:S",
    "rediss://default:S@h",
    "rediss://default:S@h.example:x#insecure",
    "redis://u:S@10.0.0.1",
    "redis-cli --tls -a S -h h.example",
    "redis-cli -u rediss://u:S@h.example --pass S",
    "REDISCLI_AUTH=S redis-cli",
    "UPSTASH_REDIS_REST_TOKEN=S",
    "UPSTASH_REDIS_REST_URL=https://x.upstash.io\nUPSTASH_REDIS_REST_TOKEN='S'",
    "UPSTASH_REDIS_REST_READONLY_TOKEN=S",
    "Endpoint\nh.example\nToken\nS",
    "{\"endpoint\":\"h.example\",\"port\":0,\"password\":\"S\"}",
    "redis.from_url(\"rediss://:S@h.example\")",
    "Redis(host='h.example', password='S', port=S)",
    "h.example S",
    "S h.example:",
    "S",
    "u:S@h.example",
    "rediss://u:S@one.example rediss://u:S@two.example:S",
];

/// Those in which a colon or an @ of the secret's own would make a user's name or a host of a part of it, and both are
/// shown.
const OPEN: [&str; 6] = ["redis://S@h.example", "rediss://S", "rediss://default:S", "h.example S", "S h.example:", "S"];

proptest! {
    #[test]
    fn no_secret_is_ever_shown(shape in 0..SHAPES.len(), secret in "[A-Z0-9][A-Za-z0-9%/#?@:+=~,;!_-]{11,40}", consent: bool) {
        // A host is shown, and a word with a dot and letters behind it is one; these have none.
        let secret = if OPEN.contains(&SHAPES[shape]) { secret.replace([':', '@'], ";") } else { secret };
        let text = SHAPES[shape].replace('S', &secret);
        let shown = format!("{:?}", understand(&SecretString::from(text.as_str()), consent)).to_lowercase();
        for part in secret.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() > 8) {
            prop_assert!(!shown.contains(part), "{} in {}", part, shown);
        }
    }

    #[test]
    fn never_panics(text in "\\PC{0,80}", joint in "(://|@|:|=|redis-cli -a |\\{\"endpoint\":|\\n|'|\"|\\[)", more in "\\PC{0,40}") {
        for text in [text.clone(), format!("{text}{joint}{more}"), format!("rediss://{text}{joint}{more}"), format!("{joint}{text}")] {
            let pasted = pasted(&text);
            if let Ok(url) = pasted.address() {
                prop_assert!(url.expose_secret().is_ascii() && url.expose_secret().len() < LONGEST_ADDRESS);
                Address::parse(&url).unwrap();
            }
        }
    }

    #[test]
    fn any_password_arrives_whole(password in "[!-$&-~]{1,60}", port in 1u16..) {
        prop_assume!(!placeholder::is_placeholder(&password));
        let encoded = url::encoded(&password);
        let text = format!("rediss://default:{}@h.example:{port}", encoded.as_str());
        let address = Address::parse(&pasted(&text).address().unwrap()).unwrap();
        prop_assert_eq!(address.password().unwrap().expose_secret(), password.as_str());
    }
}
