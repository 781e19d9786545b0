//! A panel for tray icons: it owns `org.kde.StatusNotifierWatcher`, reads the item and its menu, and clicks.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use zbus::{
    Connection,
    connection::Builder,
    interface,
    message::Header,
    zvariant::{OwnedValue, Value},
};

use super::wait::{LIMIT, found, holds};

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// Where an item is: its owner on the bus, and its path.
type Place = (String, String);

/// Revision, and the first entry: number, properties, what is below.
type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));

/// What a panel is told by programs that have an icon.
struct Watcher(Arc<Mutex<Vec<Place>>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
#[expect(clippy::unused_self, clippy::needless_pass_by_value, reason = "the interface wants them so")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        // Some give their path, some their name on the bus.
        let place = if service.starts_with('/') {
            (sender, service.to_owned())
        } else {
            (service.to_owned(), "/StatusNotifierItem".to_owned())
        };
        self.0.lock().unwrap().push(place);
    }

    fn register_status_notifier_host(&self, service: &str) {
        let _ = service;
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(owner, path)| format!("{owner}{path}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// The panel. Dropping it takes it from the bus.
pub(crate) struct Panel {
    bus: Connection,
    items: Arc<Mutex<Vec<Place>>>,
}

/// One entry of a menu.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    id: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
    pub(crate) below: Vec<Entry>,
}

/// What the item says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) status: String,
    /// The file that is drawn.
    pub(crate) picture: PathBuf,
}

impl Panel {
    pub(super) async fn start(address: &str) -> Self {
        let items = Arc::default();
        let bus = Builder::address(address)
            .unwrap()
            .serve_at("/StatusNotifierWatcher", Watcher(Arc::clone(&items)))
            .unwrap()
            .name("org.kde.StatusNotifierWatcher")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { bus, items }
    }

    /// How many icons are there?
    pub(crate) fn icons(&self) -> usize {
        self.items.lock().unwrap().len()
    }

    async fn place(&self) -> Place {
        found("a tray icon registers", LIMIT, async || self.items.lock().unwrap().last().cloned()).await
    }

    async fn property(&self, name: &str) -> Option<OwnedValue> {
        let (owner, path) = self.place().await;
        let asked = (ITEM, name);
        let properties = Some("org.freedesktop.DBus.Properties");
        let call = self.bus.call_method(Some(owner.as_str()), path.as_str(), properties, "Get", &asked);
        call.await.ok()?.body().deserialize().ok()
    }

    async fn text(&self, name: &str) -> String {
        self.property(name).await.and_then(|value| String::try_from(value).ok()).unwrap_or_default()
    }

    /// The item as it is now.
    pub(crate) async fn item(&self) -> Item {
        let picture = PathBuf::from(self.text("IconThemePath").await).join(self.text("IconName").await);
        Item { id: self.text("Id").await, status: self.text("Status").await, picture: picture.with_extension("png") }
    }

    /// The whole menu as it is now; `None` where it cannot be had.
    async fn layout(&self) -> Option<(Place, Entry)> {
        let (owner, _) = self.place().await;
        let path = self.property("Menu").await?;
        let path = zbus::zvariant::OwnedObjectPath::try_from(path).ok()?.to_string();
        let asked = (0_i32, -1_i32, Vec::<String>::new());
        let answer = self.bus.call_method(Some(owner.as_str()), path.as_str(), Some(MENU), "GetLayout", &asked).await;
        let (_, (_, _, below)): Layout = answer.ok()?.body().deserialize().ok()?;
        let below = below.iter().filter_map(|value| entry(value)).collect();
        Some(((owner, path), Entry { below, ..Entry::default() }))
    }

    /// The menu's entries.
    pub(crate) async fn menu(&self) -> Vec<Entry> {
        found("the tray has a menu", LIMIT, async || self.layout().await).await.1.below
    }

    /// The labels, in order, without the lines between them.
    pub(crate) async fn labels(&self) -> Vec<String> {
        self.menu().await.into_iter().map(|entry| entry.label).filter(|label| !label.is_empty()).collect()
    }

    /// Clicks the entry whose label begins like that, in whatever submenu it stands.
    pub(crate) async fn click(&self, label: &str) {
        let what = format!("the menu has the entry {label:?}");
        let ((owner, path), id) = found(&what, LIMIT, async || {
            let (place, menu) = self.layout().await?;
            menu.find(label).filter(|entry| entry.enabled).map(|entry| (place, entry.id))
        })
        .await;
        let event = (id, "clicked", Value::I32(0), 0_u32);
        self.bus.call_method(Some(owner.as_str()), path.as_str(), Some(MENU), "Event", &event).await.unwrap();
    }

    /// Waits until the menu has an entry that begins like that.
    pub(crate) async fn shows(&self, label: &str) -> Duration {
        self.shows_within(label, LIMIT).await
    }

    /// Waits until the menu has no such entry any more.
    pub(crate) async fn ceases_to_show(&self, label: &str, limit: Duration) {
        holds(&format!("the tray's menu no longer says {label:?}"), limit, async || {
            !self.labels().await.iter().any(|one| one.starts_with(label))
        })
        .await;
    }

    pub(crate) async fn shows_within(&self, label: &str, limit: Duration) -> Duration {
        let mut last = Vec::new();
        let began = std::time::Instant::now();
        holds(&format!("the tray's menu says {label:?}"), limit + Duration::from_secs(1), async || {
            last = self.labels().await;
            assert!(began.elapsed() < limit, "the tray's menu does not say {label:?} but {last:?}");
            last.iter().any(|one| one.starts_with(label))
        })
        .await
    }
}

impl Entry {
    fn find(&self, label: &str) -> Option<&Self> {
        if self.label.starts_with(label) {
            return Some(self);
        }
        self.below.iter().find_map(|entry| entry.find(label))
    }
}

/// `(ia{sv}av)`: number, properties, what is below.
fn entry(value: &Value<'_>) -> Option<Entry> {
    let Value::Structure(parts) = unwrapped(value) else { return None };
    let [Value::I32(id), Value::Dict(properties), Value::Array(below)] = parts.fields() else { return None };
    let mut entry = Entry { id: *id, enabled: true, ..Entry::default() };
    for (name, value) in properties.iter() {
        match (name, unwrapped(value)) {
            // A mark before a letter names the key to press; it is no part of what is read.
            (Value::Str(name), Value::Str(label)) if name == "label" => {
                entry.label = label.replace("__", "\0").replace('_', "").replace('\0', "_");
            }
            (Value::Str(name), Value::Bool(enabled)) if name == "enabled" => entry.enabled = *enabled,
            _ => {}
        }
    }
    entry.below = below.iter().filter_map(|value| self::entry(value)).collect();
    Some(entry)
}

fn unwrapped<'a>(value: &'a Value<'a>) -> &'a Value<'a> {
    match value {
        Value::Value(inner) => unwrapped(inner),
        other => other,
    }
}
