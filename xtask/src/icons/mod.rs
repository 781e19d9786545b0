//! `cargo xtask icons`: every picture of the app from its SVG sources.
//!
//! The pictures are committed, so that a build needs none of this. The tray's SVGs are made here too, from one
//! template, so that the states stay of one family.

mod tray;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use resvg::{
    tiny_skia::{Pixmap, PremultipliedColorU8, Transform},
    usvg::{Options, Tree},
};

/// The app's icon as PNG: name and size.
const APP: [(&str, u32); 6] = [
    ("32x32.png", 32),
    ("64x64.png", 64),
    ("128x128.png", 128),
    ("128x128@2x.png", 256),
    ("512x512.png", 512),
    ("icon.png", 512),
];
/// The sizes inside the Windows icon.
const ICO: [u32; 6] = [16, 24, 32, 48, 64, 256];
/// The sizes inside the macOS icon.
const ICNS: [u32; 5] = [16, 32, 128, 256, 512];
/// The sizes of a tray icon: at a scale of one and of two.
const TRAY: [(&str, u32); 2] = [("", 32), ("@2x", 64)];

/// Makes all of them.
pub(crate) fn run() -> Result<()> {
    let folder = crate::place::root().join("icons");
    let app = read(&folder.join("app.svg"))?;
    for (name, size) in APP {
        save(&render(&app, size)?, &folder.join(name))?;
    }
    windows(&app, &folder.join("icon.ico"))?;
    macos(&app, &folder.join("icon.icns"))?;

    let folder = folder.join("tray");
    fs::create_dir_all(&folder)?;
    for icon in tray::all() {
        let source = folder.join(format!("{}.svg", icon.name));
        fs::write(&source, &icon.svg).with_context(|| format!("cannot write {}", source.display()))?;
        let tree = read(&source)?;
        for (suffix, size) in TRAY {
            save(&render(&tree, size)?, &folder.join(format!("{}{suffix}.png", icon.name)))?;
        }
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<Tree> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Tree::from_str(&text, &Options::default()).with_context(|| format!("{} is no SVG we can draw", path.display()))
}

fn render(tree: &Tree, size: u32) -> Result<Pixmap> {
    let mut pixmap = Pixmap::new(size, size).context("a picture has no size")?;
    // The sizes here are a few hundred pixels, exact in any float.
    #[allow(clippy::cast_precision_loss)]
    let scale = size as f32 / tree.size().width();
    resvg::render(tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Ok(pixmap)
}

fn save(pixmap: &Pixmap, path: &Path) -> Result<()> {
    pixmap.save_png(path).with_context(|| format!("cannot write {}", path.display()))
}

fn windows(app: &Tree, path: &Path) -> Result<()> {
    let mut icon = ico::IconDir::new(ico::ResourceType::Icon);
    for size in ICO {
        let image = ico::IconImage::from_rgba_data(size, size, straight(&render(app, size)?));
        icon.add_entry(ico::IconDirEntry::encode(&image)?);
    }
    icon.write(File::create(path)?).with_context(|| format!("cannot write {}", path.display()))
}

fn macos(app: &Tree, path: &Path) -> Result<()> {
    let mut icon = icns::IconFamily::new();
    for size in ICNS {
        let image = icns::Image::from_data(icns::PixelFormat::RGBA, size, size, straight(&render(app, size)?))?;
        icon.add_icon(&image)?;
    }
    icon.write(File::create(path)?).with_context(|| format!("cannot write {}", path.display()))
}

/// The pixels with colour and transparency apart, as icon files want them.
fn straight(pixmap: &Pixmap) -> Vec<u8> {
    pixmap
        .pixels()
        .iter()
        .map(PremultipliedColorU8::demultiply)
        .flat_map(|c| [c.red(), c.green(), c.blue(), c.alpha()])
        .collect()
}
