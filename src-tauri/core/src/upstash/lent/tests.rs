#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

const NOW: &str = "2026-05-22T09:30:00Z";
const HOURS_72: &str = "2026-05-25T09:30:00Z";
/// In the form in which it comes.
const USUAL: &str = "\
# Your Redis is ready

**Database ID:** 0335da5b-d9a4-4177-a83a-e4441edc60ef
**Endpoint:** https://tidy-mallard-133200.upstash.io
**Token:** gQAAAAAAAghQ_-AQIg==
**Metrics:** https://upstash.com/start-redis/metrics/0335da5b-d9a4-4177-a83a-e4441edc60ef (JSON: uptime)
**Expires:** 2026-05-25 (3 days from creation).
To keep this database alive, share the console URL with the user
(they can view usage and click Claim to take ownership):
https://upstash.com/start-redis/console/0335da5b-d9a4-4177-a83a-e4441edc60ef

## Quickstart

    curl https://other.upstash.io -H \"Authorization: Bearer EXAMPLE\" -d '[\"SET\",\"hello\",\"world\"]'
    const redis = new Redis({
      url: \"https://other.upstash.io\",
      token: \"EXAMPLE\"
    })
    REDIS_URL=rediss://default:EXAMPLE@other.upstash.io:6379
";

fn read_now(text: &str) -> Option<Lent> {
    read(text, NOW.parse().unwrap())
}

fn address(text: &str) -> String {
    read_now(text).unwrap().address.expose_secret().to_owned()
}

fn ends(text: &str) -> String {
    let text = format!("Endpoint: a\nToken: b\n{text}");
    Timestamp::from_millisecond(read_now(&text).unwrap().ends).unwrap().to_string()
}

#[test]
fn the_usual_answer_is_read_whole() {
    let lent = read_now(USUAL).unwrap();
    let password = "gQAAAAAAAghQ%5F%2DAQIg%3D%3D";
    let wanted = format!("rediss://default:{password}@tidy-mallard-133200.upstash.io:6379");
    assert_eq!(lent.address.expose_secret(), wanted);
    let claim = "https://upstash.com/start-redis/console/0335da5b-d9a4-4177-a83a-e4441edc60ef";
    assert_eq!(lent.claim.as_ref().unwrap().expose_secret(), claim);
    assert_eq!(Timestamp::from_millisecond(lent.ends).unwrap().to_string(), HOURS_72);
    let shown = format!("{lent:?}");
    assert!(!shown.contains("gQAA") && !shown.contains("0335da5b"), "{shown}");
}

#[test]
fn other_ways_of_writing_it_are_understood() {
    let rows = [
        "- Endpoint: `calm-owl-1.upstash.io`\n- Port: `6379`\n- Password: `pw`",
        "| Endpoint | calm-owl-1.upstash.io |\n| Token | pw |",
        "```\nUPSTASH_REDIS_REST_URL=\"https://calm-owl-1.upstash.io\"\nUPSTASH_REDIS_REST_TOKEN=\"pw\"\n```",
        "export UPSTASH_REDIS_REST_URL='https://calm-owl-1.upstash.io'\r\nexport UPSTASH_REDIS_REST_TOKEN='pw'\r\n",
        "* **Host**: calm-owl-1\n* **Read-only token**: no\n* **Token**: pw",
        "UPSTASH_REDIS_URL=rediss://default:pw@calm-owl-1.upstash.io:6379",
        "> **Redis URL:** `rediss://default:pw@calm-owl-1.upstash.io:6379`",
        "Endpoint: [https://calm-owl-1.upstash.io](https://calm-owl-1.upstash.io)\nToken: pw.",
    ];
    for text in rows {
        assert_eq!(address(text), "rediss://default:pw@calm-owl-1.upstash.io:6379", "{text}");
    }
    assert_eq!(address("Endpoint: localhost:7000\nToken: pw"), "rediss://default:pw@localhost:7000");
}

#[test]
fn without_an_address_it_is_nothing() {
    for text in ["", "# Sorry", "Endpoint: calm-owl-1", "Token: pw", "URL: rediss://calm-owl-1.upstash.io", "<html>"] {
        assert!(read_now(text).is_none(), "{text}");
    }
}

#[test]
fn only_a_link_of_theirs_is_a_claim() {
    let claim = |line: &str| {
        let lent = read_now(&format!("Endpoint: a\nToken: b\n{line}")).unwrap();
        lent.claim.map(|claim| claim.expose_secret().to_owned())
    };
    assert_eq!(claim("[Claim](https://console.upstash.com/claim/1).").unwrap(), "https://console.upstash.com/claim/1");
    let others = [
        "https://upstash.com.example.com/claim/1",
        "http://upstash.com/claim/1",
        "https://example.com/console/1",
        "https://upstash.com/start-redis/metrics/1",
        "https://console.upstash.com",
        "javascript:claim",
    ];
    for other in others {
        assert_eq!(claim(other), None, "{other}");
    }
}

#[test]
fn it_ends_after_72_hours_or_earlier() {
    assert_eq!(ends(""), HOURS_72);
    assert_eq!(ends("Expires: 2026-05-23T10:00:00Z"), "2026-05-23T10:00:00Z");
    assert_eq!(ends("**Expires:** 2026-05-23 (1 day)"), "2026-05-24T00:00:00Z");
    for odd in ["Expires: 2027-01-01", "Expires: 2020-01-01", "Expires: soon", "Expires in: 3 days"] {
        assert_eq!(ends(odd), HOURS_72, "{odd}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,400}", noise in "\\PC{0,40}") {
        let _ = read_now(&text);
        let _ = read_now(&format!("Endpoint: {noise}\nToken: {text}\nPort: {noise}\nExpires: {noise}\n{noise}"));
        let _ = read_now(&format!("| {noise} | rediss://default:{noise}@{text} |"));
    }

    #[test]
    fn a_cut_answer_is_read_or_refused(length in 0..USUAL.len()) {
        if USUAL.is_char_boundary(length) {
            let _ = read_now(&USUAL[..length]);
        }
    }
}
