//! A desktop session with the program in it, and the world around it.

mod app;
mod axe;
mod browser;
mod clipboard;
mod desktop;
mod driver;
mod environment;
mod inbox;
mod keychain;
mod notifications;
mod panel;
mod running;
mod screen;
mod traces;
mod wait;
mod world;

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use zbus::Connection;

pub(crate) use self::{
    app::{App, Start},
    browser::Browser,
    driver::Window,
    environment::Environment,
    inbox::Inbox,
    keychain::Keychain,
    notifications::Notifications,
    panel::Panel,
    running::{Running, below, lives},
    screen::same_picture,
    traces::{files, still_there},
    wait::{LIMIT, found, holds, stays},
    world::{FROM_CHAD, TO_CHAD, World, task},
};

/// What a session has.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says whether something is there; none excludes another")]
pub(crate) struct Options {
    pub(crate) keychain: Keychain,
    /// Is there a notification server?
    pub(crate) notifications: bool,
    /// Is there a panel for tray icons?
    pub(crate) panel: bool,
    pub(crate) dark: bool,
    /// Is everything drawn at twice its size?
    pub(crate) twice: bool,
    /// The person's settings.
    pub(crate) settings: &'static str,
    /// Times are measured: no other test meanwhile.
    pub(crate) alone: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keychain: Keychain::None,
            notifications: true,
            panel: true,
            dark: false,
            twice: false,
            settings: "",
            alone: false,
        }
    }
}

/// A settings file with a heartbeat every second.
pub(crate) const QUICK: &str = "[heartbeat]\nevery = 1\n";

/// A running session. Dropping it ends all its programs.
pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) bus: Connection,
    pub(crate) panel: Option<Panel>,
    pub(crate) seen: Notifications,
    /// What a browser was asked to show.
    pub(crate) browser: Browser,
    address: String,
    // The order matters: whoever uses another ends before it.
    keychain: Option<Running>,
    _notifications: Option<Running>,
    _window_manager: Running,
    _display: Running,
    _bus: Running,
    root: TempDir,
    _turn: Turn,
}

/// Tests that measure run alone, all others together.
static TURNS: RwLock<()> = RwLock::const_new(());

enum Turn {
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

impl Turn {
    async fn take(alone: bool) -> Self {
        if alone { Self::Alone { _guard: TURNS.write().await } } else { Self::Shared { _guard: TURNS.read().await } }
    }
}

/// A test that fails shows what the program wrote.
impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for file in ["app.out", "heliograph/logs/heliograph.log", "heliograph/logs/sandbox/heliograph.log"] {
                if let Ok(text) = std::fs::read_to_string(self.root().join(file)) {
                    let lines: Vec<_> = text.lines().collect();
                    println!("{file} ends with:\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
                }
            }
        }
    }
}

impl Session {
    pub(crate) async fn start(options: Options) -> Self {
        let turn = Turn::take(options.alone).await;
        let root = tempfile::Builder::new().prefix("heliograph-test").tempdir().unwrap();
        let mut environment = Environment::new(root.path());
        let browser = Browser::first_in_path(&mut environment);
        let (bus_daemon, address) = desktop::bus(root.path());
        environment.set("DBUS_SESSION_BUS_ADDRESS", &address);
        let (display, number) = desktop::display(if options.twice { "1500x1040" } else { "1280x900" });
        environment.set("DISPLAY", number);
        if options.twice {
            environment.set("GDK_SCALE", "2");
        }
        if options.dark {
            environment.set("GTK_THEME", "Adwaita:dark");
        }
        let bus = desktop::connect(&address).await;
        let window_manager = desktop::window_manager(&environment).await;
        let keychain = keychain::start(&options.keychain, &environment, &bus).await;
        let seen = Notifications::watch(&address).await;
        let notifications = if options.notifications {
            Some(desktop::notification_server(&environment, root.path(), &bus).await)
        } else {
            None
        };
        let panel = if options.panel { Some(Panel::start(&address).await) } else { None };
        environment.set("HELIOGRAPH_HOME", root.path().join("heliograph"));
        environment.set("HELIOGRAPH_LOG", "debug");
        let session = Self {
            environment,
            bus,
            panel,
            seen,
            browser,
            address,
            keychain,
            _notifications: notifications,
            _window_manager: window_manager,
            _display: display,
            _bus: bus_daemon,
            root,
            _turn: turn,
        };
        session.settings(options.settings);
        session
    }

    /// Where everything of this session is.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// `HELIOGRAPH_HOME`.
    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("heliograph")
    }

    /// The messages, beside the program.
    pub(crate) fn inbox(&self) -> Inbox {
        Inbox::at(self.home().join("data/messages.db"))
    }

    pub(crate) fn tray(&self) -> &Panel {
        self.panel.as_ref().expect("a session with a panel")
    }

    /// A panel appears.
    pub(crate) async fn add_panel(&mut self) {
        self.panel = Some(Panel::start(&self.address).await);
    }

    /// Writes the person's settings, for the next start.
    fn settings(&self, text: &str) {
        let folder = self.home().join("config");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// Puts the address into the keychain.
    pub(crate) fn keep(&self, address: &str) {
        self.keep_as(keychain::ADDRESS, address);
    }

    /// Puts something of ours into it under that name.
    pub(crate) fn keep_as(&self, name: &str, secret: &str) {
        keychain::store(&self.environment, name, secret);
    }

    /// What the program has in the keychain under that name.
    pub(crate) fn kept(&self, name: &str) -> Option<String> {
        keychain::look_up(&self.environment, name)
    }

    /// The keychain hangs from now on.
    pub(crate) fn freeze_keychain(&self) {
        self.keychain.as_ref().expect("a session with a keychain").signal(Signal::STOP);
    }

    /// It goes on.
    pub(crate) fn thaw_keychain(&self) {
        self.keychain.as_ref().expect("a session with a keychain").signal(Signal::CONT);
    }

    /// The process that is the keychain.
    pub(crate) fn keychain_process(&self) -> u32 {
        self.keychain.as_ref().expect("a session with a keychain").pid()
    }

    /// It is locked, and its service is another process than before.
    pub(crate) async fn lock_keychain(&mut self) {
        let before = self.keychain.take().expect("a session with a keychain");
        self.keychain = Some(keychain::locked(before, &self.environment, &self.bus).await);
    }

    /// It is opened, as by a person who gives its password.
    pub(crate) async fn unlock_keychain(&mut self) {
        let before = self.keychain.take().expect("a session with a keychain");
        self.keychain = Some(keychain::unlocked(before, &self.environment, &self.bus).await);
    }

    /// Opens the notification's menu and picks *Accept* there.
    pub(crate) async fn press_accept(&self) {
        desktop::press_accept(&self.bus).await;
    }
}
