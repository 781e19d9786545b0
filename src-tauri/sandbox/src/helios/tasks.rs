//! The tasks Helios thinks of.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::envelope::{message, now};

/// How soon a task wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Usual,
    Urgent,
}

/// A task ready to be sent.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// The task he says hello with.
pub(super) fn hello(from: &str, to: &str) -> Task {
    task(
        from,
        &json!({
            "title": "Say hello",
            "what": format!("Hello {to}, this is {from}. Press Done and I will know that you hear me."),
        }),
        Urgency::Usual,
        None,
    )
}

/// The `n`th task: each differs from the ones before it.
pub(super) fn nth(from: &str, n: usize, urgency: Urgency) -> Task {
    let ideas = match urgency {
        Urgency::Usual => &USUAL[..],
        Urgency::Urgent => &URGENT[..],
    };
    let idea = &ideas[n % ideas.len()];
    let mut data = json!({ "title": idea.title, "what": idea.what });
    if let (Value::Object(data), Value::Object(details)) = (&mut data, (idea.details)(n)) {
        data.extend(details);
    }
    task(from, &data, urgency, idea.minutes)
}

/// What a task is made of.
struct Idea {
    title: &'static str,
    what: &'static str,
    /// After this many minutes it has lost its point.
    minutes: Option<u64>,
    /// The fields beside the words, for a machine to read; they differ with the number of the task.
    details: fn(usize) -> Value,
}

const USUAL: [Idea; 10] = [
    Idea {
        title: "Rebuild the staging index",
        what: "Rebuild the staging index from the last good snapshot, then compare the counts.",
        minutes: Some(60),
        details: |n| json!({ "index": format!("staging-{n}"), "snapshot": last_night(), "compare": true }),
    },
    Idea {
        title: "Summarise yesterday’s calls",
        what: "One paragraph for each call, with who promised what.",
        minutes: None,
        details: |n| json!({ "folder": format!("/calls/{}", &last_night()[..10]), "recordings": n + 2 }),
    },
    Idea {
        title: "Renew the TLS certificate",
        what: "It runs out in nine days. Renew it and check that the chain is complete.",
        minutes: Some(24 * 60),
        details: |n| json!({ "host": format!("build-{n}.internal") }),
    },
    Idea {
        title: "Compress the photo archive",
        what: "Keep the originals until the sums agree.",
        minutes: None,
        details: |n| json!({ "year": 2010 + n % 16, "format": "avif" }),
    },
    Idea {
        title: "Check disk health",
        what: "Read the SMART values and tell me which disks have reallocated sectors.",
        minutes: None,
        details: |_| json!({ "disks": ["/dev/sda", "/dev/sdb"] }),
    },
    Idea {
        title: "Review the pull request",
        what: "Only the error handling; the rest was read this morning.",
        minutes: Some(8 * 60),
        details: |n| json!({ "repository": "atlas/importer", "request": 400 + n }),
    },
    Idea {
        title: "Post the weekly report",
        what: "The numbers are in the sheet. Leave out the trial accounts.",
        minutes: Some(4 * 60),
        details: |n| json!({ "sheet": format!("week-{}", n % 52 + 1) }),
    },
    Idea {
        title: "Find the slow query",
        what: "Something on the orders page takes two seconds since the release.",
        minutes: None,
        details: |_| json!({ "page": "/orders", "since": last_night() }),
    },
    Idea {
        title: "Translate the release notes",
        what: "Into German and Japanese, in the tone of the last ones.",
        minutes: None,
        details: |n| json!({ "version": format!("2.{n}.0"), "languages": ["de", "ja"] }),
    },
    Idea {
        title: "Tidy the downloads folder",
        what: "Move invoices to the archive; ask before you delete anything.",
        minutes: None,
        details: |n| json!({ "older_than_days": 30 + n }),
    },
];

const URGENT: [Idea; 3] = [
    Idea {
        title: "Stop the nightly import",
        what: "It writes to the live table. Stop it before the next batch starts.",
        minutes: Some(15),
        details: |n| json!({ "job": format!("import-{n}") }),
    },
    Idea {
        title: "Free space on the build disk",
        what: "97% full; builds fail soon. Old caches can go.",
        minutes: Some(30),
        details: |n| json!({ "disk": "/var/cache/builds", "free_gb": n % 4 }),
    },
    Idea {
        title: "Confirm the payment run",
        what: "The bank closes its window soon. Compare the total with the ledger first.",
        minutes: Some(45),
        details: |n| json!({ "run": format!("R-{}", 7000 + n), "total": format!("{}.40 EUR", 18_200 + n) }),
    },
];

fn last_night() -> String {
    Timestamp::now().strftime("%Y-%m-%dT02:00:00Z").to_string()
}

fn task(from: &str, data: &Value, urgency: Urgency, minutes: Option<u64>) -> Task {
    let mut fields = message(from, "task", data);
    if urgency == Urgency::Urgent {
        fields.insert("priority".into(), "urgent".into());
    }
    if let Some(minutes) = minutes {
        fields.insert("expires".into(), (now() + minutes * 60).into());
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    Task { id: text(fields.get("id")), title: text(data.get("title")), text: Value::Object(fields).to_string() }
}
