//! What the window may reach, checked against the files that say so.

use serde_json::Value;

use crate::{commands, window};

const CONFIG: &str = include_str!("../../tauri.conf.json");
const CAPABILITY: &str = include_str!("../capabilities/main.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_page_runs_nothing_from_elsewhere() {
    let config = json(CONFIG);
    let security = &config["app"]["security"];
    let csp = security["csp"].as_str().unwrap();
    assert_eq!(security["devCsp"].as_str(), Some(csp));
    assert!(!csp.contains("unsafe-"));
    assert!(!csp.contains('*'));
    assert!(csp.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert_eq!(security["freezePrototype"], true);
    assert!(security.get("dangerousDisableAssetCspModification").is_none());
    assert!(security.get("assetProtocol").is_none());
    assert_eq!(config["app"]["withGlobalTauri"], false);
    assert_eq!(config["app"]["windows"], Value::Array(Vec::new()));
    assert!(config["build"].get("devUrl").is_none());
}

#[test]
fn the_window_may_ask_for_our_commands_and_the_events_and_nothing_else() {
    let capability = json(CAPABILITY);
    assert_eq!(capability["windows"], serde_json::json!([window::LABEL]));
    assert!(capability.get("remote").is_none());
    assert_eq!(json(CONFIG)["app"]["security"]["capabilities"], serde_json::json!([capability["identifier"]]));
    let allowed: Vec<&str> =
        capability["permissions"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    // The build script and the handler take the same list, so the handler can know no other command.
    let mut wanted: Vec<String> =
        commands::NAMES.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
    wanted.extend(["core:event:allow-listen".to_owned(), "core:event:allow-unlisten".to_owned()]);
    assert_eq!(allowed, wanted);
}

#[test]
fn there_is_one_capability_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/capabilities");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["main.json"]);
}
