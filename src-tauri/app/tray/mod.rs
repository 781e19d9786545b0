//! The tray icon and its menu.
//!
//! It shows the state and turns clicks into calls of the engine. It touches only what changed, so that nothing
//! flickers and an open menu stays open.

mod icons;
mod view;

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use heliograph_core::{
    engine::{Engine, Page, Place, Snapshot},
    home::Home,
    notification::Pause,
};
use tauri::{
    AppHandle, Wry,
    menu::{Menu, MenuItem, PredefinedMenuItem, Submenu},
    tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent},
};

use self::view::{TASKS, View};
use crate::shutdown::Shutdown;

/// The icon's name among all icons of the panel, where a common one would meet another program's.
const ID: &str = "heliograph";
/// Where the tasks begin in the menu.
const FIRST_TASK: usize = 2;

/// The tray; clones show the same one.
#[derive(Clone)]
pub(crate) struct Tray(Arc<Inner>);

struct Inner {
    app: AppHandle,
    icon: TrayIcon,
    items: Items,
    state: Mutex<State>,
}

/// What is shown and what is to be shown. The lock is held only to look or to exchange, never while drawing.
struct State {
    shown: View,
    /// Waits for the main thread; a newer one takes its place, so that at most one waits.
    next: Option<View>,
}

/// The entries that change.
struct Items {
    menu: Menu<Wry>,
    open: MenuItem<Wry>,
    tasks: [MenuItem<Wry>; TASKS],
    /// Parts the tasks from the rest; there only when they are.
    line: PredefinedMenuItem<Wry>,
    resume: MenuItem<Wry>,
    status: MenuItem<Wry>,
}

/// Puts the icon into the tray. Runs on the main thread, once.
///
/// Fails where the system's tray library refuses.
pub(crate) fn build(
    app: &AppHandle,
    home: &Home,
    engine: &Engine,
    shutdown: &Arc<Shutdown>,
    sandbox: bool,
) -> tauri::Result<Tray> {
    let view = View::at_start(sandbox);
    let items = Items::new(app, &view)?;
    let (clicked, opened, shutdown) = (engine.clone(), engine.clone(), Arc::clone(shutdown));
    let icon = TrayIconBuilder::with_id(ID)
        .icon(icons::picture(view.condition, sandbox))
        .tooltip(&view.tooltip)
        .temp_dir_path(picture_folder(home)?)
        .menu(&items.menu)
        .show_menu_on_left_click(false)
        .on_menu_event(move |app, event| pressed(app, &clicked, &shutdown, event.id().as_ref()))
        .on_tray_icon_event(move |_, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                opened.open(Place::default());
            }
        })
        .build(app)?;
    let state = Mutex::new(State { shown: view, next: None });
    Ok(Tray(Arc::new(Inner { app: app.clone(), icon, items, state })))
}

/// The folder for the picture files that some panels read, for this user alone and emptied at each start.
fn picture_folder(home: &Home) -> io::Result<PathBuf> {
    let folder = home.data.join("tray");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Readable by this user alone: so is the folder around it.
    fs::create_dir(&folder)?;
    Ok(folder)
}

/// An entry was chosen.
fn pressed(app: &AppHandle, engine: &Engine, shutdown: &Arc<Shutdown>, id: &str) {
    use tauri::Manager as _;
    match id {
        "open" => engine.open(Place::default()),
        "pause-half-hour" => engine.pause(Pause::HalfHour),
        "pause-hour" => engine.pause(Pause::Hour),
        "pause-morning" => engine.pause(Pause::UntilMorning),
        "resume" => engine.pause(Pause::Off),
        "reconnect" => engine.reconnect(),
        "rotate" => engine.open(Place { page: Page::Keys, task: None }),
        "settings" => engine.open(Place { page: Page::Settings, task: None }),
        "quit" => shutdown.begin(),
        _ => {
            let task = id.strip_prefix("task-").and_then(|place| place.parse().ok());
            let seq = app.try_state::<Tray>().zip(task).and_then(|(tray, task)| tray.task(task));
            engine.open(Place { page: Page::Inbox, task: seq });
        }
    }
}

impl Tray {
    /// Shows the state, soon and on the main thread. Returns at once.
    pub(crate) fn show(&self, snapshot: &Snapshot) {
        let view = View::of(snapshot);
        let mut state = self.state();
        let waits = state.next.is_some();
        if !waits && state.shown == view {
            return;
        }
        state.next = Some(view);
        drop(state);
        if !waits {
            let this = self.clone();
            if let Err(error) = self.0.app.run_on_main_thread(move || this.draw()) {
                tracing::warn!(%error, "the tray could not be reached");
            }
        }
    }

    fn draw(&self) {
        let mut state = self.state();
        let Some(view) = state.next.take() else { return };
        let before = std::mem::replace(&mut state.shown, view.clone());
        drop(state);
        if let Err(error) = self.change(&before, &view) {
            tracing::warn!(%error, "the tray could not be changed");
        }
    }

    fn change(&self, before: &View, view: &View) -> tauri::Result<()> {
        let Inner { icon, items, .. } = &*self.0;
        if before.condition != view.condition || before.sandbox != view.sandbox {
            icon.set_icon(Some(icons::picture(view.condition, view.sandbox)))?;
        }
        if before.tooltip != view.tooltip {
            icon.set_tooltip(Some(&view.tooltip))?;
        }
        items.change(before, view)
    }

    /// The row of the task at a place in the menu.
    fn task(&self, place: usize) -> Option<i64> {
        self.state().shown.tasks.get(place).map(|task| task.seq)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Items {
    fn new(app: &AppHandle, view: &View) -> tauri::Result<Self> {
        let item = |id: &str, text: &str, enabled: bool| MenuItem::with_id(app, id, text, enabled, None::<&str>);
        let line = || PredefinedMenuItem::separator(app);
        let open = item("open", &view.open, true)?;
        let resume = item("resume", "Resume", view.paused)?;
        let pause = Submenu::with_items(
            app,
            "Pause notifications",
            true,
            &[
                &item("pause-half-hour", "For 30 minutes", true)?,
                &item("pause-hour", "For 1 hour", true)?,
                &item("pause-morning", "Until tomorrow 08:00", true)?,
                &line()?,
                &resume,
            ],
        )?;
        let reconnect = item("reconnect", "Reconnect now", true)?;
        let rotate = item("rotate", "Rotate key…", true)?;
        let status = item("status", &view.status, false)?;
        let settings = item("settings", "Settings", true)?;
        let quit = item("quit", "Quit", true)?;
        let menu = Menu::with_items(
            app,
            &[&open, &line()?, &pause, &reconnect, &rotate, &line()?, &status, &settings, &quit],
        )?;
        let tasks = [item("task-0", "", true)?, item("task-1", "", true)?, item("task-2", "", true)?];
        Ok(Self { menu, open, tasks, line: line()?, resume, status })
    }

    fn change(&self, before: &View, view: &View) -> tauri::Result<()> {
        if before.open != view.open {
            self.open.set_text(&view.open)?;
        }
        if before.status != view.status {
            self.status.set_text(&view.status)?;
        }
        if before.paused != view.paused {
            self.resume.set_enabled(view.paused)?;
        }
        for (place, task) in view.tasks.iter().enumerate().take(TASKS) {
            if before.tasks.get(place).map(|shown| &shown.label) != Some(&task.label) {
                self.tasks[place].set_text(&task.label)?;
            }
        }
        self.fit(before.tasks.len().min(TASKS), view.tasks.len().min(TASKS))
    }

    /// Takes entries in or out until there are `after` tasks in the menu.
    fn fit(&self, before: usize, after: usize) -> tauri::Result<()> {
        for place in before..after {
            self.menu.insert(&self.tasks[place], FIRST_TASK + place)?;
        }
        for place in (after..before).rev() {
            self.menu.remove(&self.tasks[place])?;
        }
        match (before, after) {
            (0, 1..) => self.menu.insert(&self.line, FIRST_TASK + after),
            (1.., 0) => self.menu.remove(&self.line),
            _ => Ok(()),
        }
    }
}
