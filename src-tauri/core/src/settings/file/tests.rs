use std::{fs, path::Path, time::Duration};

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Settings {
    let (settings, unknown) = Settings::parse(text).unwrap();
    assert_eq!(unknown, [""; 0]);
    settings
}

fn load(path: &Path, text: &str) -> (Settings, Option<Trouble>) {
    fs::write(path, text).unwrap();
    Settings::load(path)
}

#[test]
fn the_defaults_are_sound() {
    let settings = Settings::default();
    settings.check().unwrap();
    assert_eq!(settings.names().me, "chad");
    assert_eq!(settings.heartbeat(), Duration::from_mins(2));
}

#[test]
fn a_file_holds_only_what_differs() {
    let settings = parse("[agents]\npeers = ['sol']\n[heartbeat]\nevery = 5");
    assert_eq!(settings.agents.me, "chad");
    assert_eq!(settings.agents.peers, ["sol"]);
    assert_eq!(settings.heartbeat.every, 5);
}

#[test]
fn what_cannot_be_used_is_named_kept_aside_and_the_defaults_stand() {
    for (text, named) in [
        ("[agents\n", "line 1"),
        ("[heartbeat]\nevery = 0", "heartbeat.every"),
        ("[agents]\nme = 'a→b'", "a→b"),
        ("[agents]\npeers = []", "peers"),
        ("[heartbeat]\nevery = 'soon'", "string"),
        ("[notifications.quiet]\nfrom = 'noon'", "noon"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let (settings, trouble) = load(&path, text);
        assert_eq!(settings, Settings::default());
        let trouble = trouble.unwrap();
        assert!(trouble.message.contains(named), "{named}: {}", trouble.message);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [aside] = left.as_slice() else { panic!("{left:?}") };
        assert_eq!(fs::read_to_string(aside).unwrap(), text);
        assert!(trouble.message.contains(aside.to_str().unwrap()));
        assert_eq!(Settings::load(&path), (Settings::default(), None));
    }
}

#[test]
fn unknown_keys_are_named_with_their_lines_and_the_rest_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text = "# mine\n[agents]\nme = 'otto'\nage = 3\n\n[colour]\nsky = 'blue'\n";
    let (settings, trouble) = load(&path, text);
    assert_eq!(settings.agents.me, "otto");
    let message = trouble.unwrap().message;
    assert!(message.contains("agents.age (line 4)") && message.contains("colour (line 6)"), "{message}");
    // They may be of a newer version: writing leaves them there.
    settings.save(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("sky = 'blue'"));
}

#[test]
fn writing_keeps_what_the_person_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text = "# my settings\n[agents]\n# the boss\nme = 'otto' # as at home\n\n[heartbeat]\nevery = 120\n";
    let (mut settings, trouble) = load(&path, text);
    assert_eq!(trouble, None);
    settings.agents.me = "anna".into();
    settings.notifications.quiet.on = true;
    settings.save(&path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("# my settings\n[agents]\n# the boss\nme = \"anna\" # as at home\n"), "{written}");
    assert!(!written.contains("every"), "what is as by default is not written: {written}");
    assert!(written.contains("[notifications.quiet]\non = true\n"), "{written}");
    assert!(!written.contains("one_by_one") && !written.contains("reminders"), "{written}");
    assert_eq!(Settings::load(&path), (settings, None));
}

#[test]
fn what_stays_the_same_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text = "[agents]\npeers = [ 'sol',  # the sun\n  'luna' ]\n";
    let (settings, _) = load(&path, text);
    settings.save(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_this_user_alone_and_a_failure_leaves_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let mut settings = Settings::default();
    settings.heartbeat.every = 60;
    settings.save(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Where the new one is to be written stands a folder.
    fs::create_dir(path.with_extension("toml.new")).unwrap();
    settings.heartbeat.every = 30;
    let trouble = settings.save(&path).unwrap_err();
    assert_eq!(trouble.code, TroubleCode::SettingsUnreadable);
    assert_eq!(Settings::load(&path).0.heartbeat.every, 60);
}

proptest! {
    #[test]
    fn whatever_is_set_is_read_again(me in "[a-z0-9._-]{1,20}", peers in proptest::collection::btree_set("[A-Z]{1,9}", 1..5), every in 1_u32..86_400, on: bool, hide: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let mut settings = Settings::default();
        settings.agents.me = me;
        settings.agents.peers = peers.into_iter().collect();
        settings.heartbeat.every = every;
        settings.notifications.quiet.on = on;
        settings.notifications.hide_contents = hide;
        settings.save(&path).unwrap();
        prop_assert_eq!(Settings::load(&path), (settings, None));
    }

    #[test]
    fn no_file_makes_it_panic(text in "\\PC{0,200}|(\\[[a-z.]{0,9}\\]\n[a-z]{0,9} = [0-9'a-z]{0,5}\n){0,4}") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        load(&path, &text);
    }
}
