//! Makes the window's permissions and checks that the window's page has been built.

use std::{error::Error, fs, path::Path};

macro_rules! commands {
    ($($name:ident),* $(,)?) => { const COMMANDS: &[&str] = &[$(stringify!($name)),*]; };
}
include!("command_list.rs");

/// What stands in for the page in a debug build, so that the Rust side can be checked without Node.
const PLACEHOLDER: &str = "<!doctype html><title>Heliograph</title>\
    <p>The window's page has not been built. Run: cargo xtask run (or npm run build in ui)</p>\n";

fn main() -> Result<(), Box<dyn Error>> {
    for path in ["src-tauri/app/command_list.rs", "src-tauri/capabilities", "ui/dist", "icons"] {
        println!("cargo::rerun-if-changed={path}");
    }
    page()?;
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("src-tauri/capabilities/*.json")
        .app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    Ok(tauri_build::try_build(attributes)?)
}

/// A release needs the real page; anything else gets a placeholder where there is none.
fn page() -> Result<(), Box<dyn Error>> {
    let page = Path::new("ui/dist/index.html");
    if page.exists() {
        return Ok(());
    }
    let how = "run `cargo xtask run`, or `npm run build` in ui";
    if std::env::var("PROFILE")? == "release" {
        return Err(format!("the window's page is missing ({}): {how}", page.display()).into());
    }
    println!("cargo::warning=the window's page is missing, a placeholder takes its place: {how}");
    fs::create_dir_all("ui/dist")?;
    Ok(fs::write(page, PLACEHOLDER)?)
}
