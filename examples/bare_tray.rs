//! The least a tray app made with tauri can be: an icon, a menu, no window.
//!
//! What `cargo xtask bench` measures the app's idle cost against. It must do nothing else.

use tauri::{
    RunEvent,
    image::Image,
    include_image,
    menu::{Menu, MenuItem},
    tray::TrayIconBuilder,
};

const ICON: Image<'_> = include_image!("icons/tray/connected.png");

fn main() -> tauri::Result<()> {
    let app = tauri::Builder::default()
        .setup(|app| {
            let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
            let menu = Menu::with_items(app, &[&quit])?;
            TrayIconBuilder::with_id("bare").icon(ICON).menu(&menu).on_menu_event(|app, _| app.exit(0)).build(app)?;
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|_, event| {
        // Without a window it would otherwise end by itself.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(())
}
