//! The system packages that are needed, under the names each system has for them.

/// A need, and the packages that fill it. An empty name: the system brings it, or has it elsewhere in this list.
pub(crate) struct Package {
    pub(crate) apt: &'static str,
    pub(crate) dnf: &'static str,
    pub(crate) pacman: &'static str,
    pub(crate) brew: &'static str,
}

const fn package(apt: &'static str, dnf: &'static str, pacman: &'static str, brew: &'static str) -> Package {
    Package { apt, dnf, pacman, brew }
}

/// What building and running the app needs; the last one is the sandbox's server.
pub(crate) const APP: [Package; 10] = [
    package("libwebkit2gtk-4.1-dev", "webkit2gtk4.1-devel", "webkit2gtk-4.1", ""),
    package("libayatana-appindicator3-dev", "libayatana-appindicator-gtk3-devel", "libayatana-appindicator", ""),
    package("librsvg2-dev", "librsvg2-devel", "librsvg", ""),
    package("libxdo-dev", "libxdo-devel", "xdotool", ""),
    package("libssl-dev", "openssl-devel", "openssl", ""),
    package("libdbus-1-dev", "dbus-devel", "dbus", ""),
    package("pkg-config", "pkgconf-pkg-config", "pkgconf", ""),
    package("build-essential", "gcc-c++", "base-devel", ""),
    package("file", "file", "file", ""),
    package("redis-server", "valkey", "valkey", "redis"),
];

/// What the tests need besides: a desktop session without a screen, and other programs to speak with.
pub(crate) const TESTS: [Package; 20] = [
    package("redis-tools", "", "", ""),
    package("xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb", ""),
    package("xauth", "xorg-x11-xauth", "xorg-xauth", ""),
    package("dbus", "dbus-daemon", "", ""),
    package("dbus-x11", "dbus-x11", "", ""),
    package("gnome-keyring", "gnome-keyring", "gnome-keyring", ""),
    package("libsecret-tools", "libsecret", "libsecret", ""),
    package("dunst", "dunst", "dunst", ""),
    package("openbox", "openbox", "openbox", ""),
    package("webkit2gtk-driver", "webkit2gtk-driver", "", ""),
    package("xdotool", "xdotool", "", ""),
    package("wmctrl", "wmctrl", "wmctrl", ""),
    package("xclip", "xclip", "xclip", ""),
    package("imagemagick", "ImageMagick", "imagemagick", ""),
    package("libnotify-bin", "libnotify", "libnotify", ""),
    package("python3-redis", "python3-redis", "python-redis", ""),
    package("python3-pip", "python3-pip", "python-pip", ""),
    package("python3-hiredis", "python3-hiredis", "python-hiredis", ""),
    package("faketime", "libfaketime", "libfaketime", ""),
    package("rpm", "rpm", "rpm-tools", ""),
];

/// What the tests need in Python and no system has a package for: age, for heliograph.py.
pub(crate) const PYRAGE: &str = "pyrage==1.4.0";
