//! What a desktop is made of: a session bus, a display with a window manager, notifications.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use zbus::{Connection, connection::Builder};

use super::{
    Environment,
    running::{Running, program, said},
    wait::{LIMIT, holds},
};

/// A session bus at `address`. It starts no services by itself, so that a test has only those it asked for.
pub(crate) fn bus(folder: &Path) -> (Running, String) {
    let config = folder.join("bus.conf");
    let socket = folder.join("bus");
    let text = format!(
        "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\">\
         <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
         </policy></busconfig>",
        socket.display()
    );
    fs::write(&config, text).unwrap();
    let mut config_file = std::ffi::OsString::from("--config-file=");
    config_file.push(&config);
    let mut command = Command::new(program("dbus-daemon"));
    command.args(["--nofork", "--print-address"]).arg(config_file);
    let mut running = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
    let address = first_line(&mut running);
    (running, address)
}

/// Somebody on the bus.
pub(crate) async fn connect(address: &str) -> Connection {
    Builder::address(address).unwrap().build().await.unwrap()
}

/// A display of its own number and this size.
pub(crate) fn display(size: &str) -> (Running, String) {
    let mut command = Command::new(program("Xvfb"));
    command.args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp", "-noreset"]);
    let mut running = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
    let number = first_line(&mut running);
    (running, format!(":{number}"))
}

fn first_line(running: &mut Running) -> String {
    let mut line = String::new();
    BufReader::new(running.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// A window manager, ready.
pub(crate) async fn window_manager(environment: &Environment) -> Running {
    let running = Running::silent(&mut environment.command(&program("openbox")));
    // Only a window manager knows how many desktops there are.
    holds("the window manager is ready", LIMIT, async || {
        said(environment.command(&program("xdotool")).arg("get_num_desktops")).is_some()
    })
    .await;
    running
}

const NOTIFICATIONS: (&str, &str) = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications");

/// dunst, ready. Its menu of actions is answered by a script that picks *Accept*.
pub(crate) async fn notification_server(environment: &Environment, folder: &Path, bus: &Connection) -> Running {
    let pick = folder.join("pick");
    fs::write(&pick, "#!/bin/sh\nexec grep -m1 Accept\n").unwrap();
    fs::set_permissions(&pick, fs::Permissions::from_mode(0o700)).unwrap();
    let config = folder.join("dunstrc");
    let text = format!("[global]\ndmenu = {}\nidle_threshold = 0\nwidth = 360\nmarkup = full\n", pick.display());
    fs::write(&config, text).unwrap();
    let running = Running::silent(environment.command(&program("dunst")).arg("-config").arg(&config));
    holds("the notification server is ready", LIMIT, async || has_owner(bus, NOTIFICATIONS.0).await).await;
    running
}

/// Is anybody there under that name?
pub(crate) async fn has_owner(bus: &Connection, name: &str) -> bool {
    let names = zbus::fdo::DBusProxy::new(bus).await.unwrap();
    names.name_has_owner(name.try_into().unwrap()).await.unwrap()
}

/// Opens dunst's menu of actions, where *Accept* is picked.
pub(crate) async fn press_accept(bus: &Connection) {
    let (name, path) = NOTIFICATIONS;
    bus.call_method(Some(name), path, Some("org.dunstproject.cmd0"), "ContextMenuCall", &()).await.unwrap();
}
