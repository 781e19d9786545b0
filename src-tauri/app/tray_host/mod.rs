//! Is there a panel that shows tray icons? Where there is none, a start without a window would be invisible.
//!
//! One file a system says who is there; this one decides what follows.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "always.rs"]
mod system;

use std::time::Duration;

use heliograph_core::{
    engine::{Engine, Place},
    trouble::{Trouble, TroubleCode},
};
use tokio::{sync::watch, time::timeout};

/// How long a panel may take to appear: at log-in it often starts after us, and now and then it restarts.
const GRACE: Duration = Duration::from_secs(3);

/// Watches for as long as the program runs, and reports when nobody shows our icon. A start `in_background` gets a
/// window then.
pub(crate) async fn attend(engine: Engine, in_background: bool) {
    let (sender, host) = watch::channel(false);
    // Both end together with the task that called this.
    tokio::select! {
        () = system::follow(sender) => {}
        () = judge(host, in_background, |finding| tell(&engine, finding)) => {}
    }
}

/// What is found out about the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    /// Nobody shows the icon; without a window nothing of the program would be seen.
    Missing { no_window: bool },
    /// Somebody shows it again.
    Back,
}

fn tell(engine: &Engine, finding: Finding) {
    match finding {
        Finding::Missing { no_window } => {
            engine.report(no_host());
            if no_window {
                engine.open(Place::default());
            }
        }
        Finding::Back => engine.mended(TroubleCode::NoTrayHost),
    }
}

async fn judge(mut host: watch::Receiver<bool>, mut in_background: bool, tell: impl Fn(Finding)) {
    loop {
        let came = timeout(GRACE, seen(&mut host, true)).await;
        if came.is_err() {
            tracing::warn!("no panel shows tray icons");
            tell(Finding::Missing { no_window: in_background });
            seen(&mut host, true).await;
            tell(Finding::Back);
        }
        in_background = false;
        seen(&mut host, false).await;
    }
}

/// Returns once a host is there, or gone.
async fn seen(host: &mut watch::Receiver<bool>, there: bool) {
    if host.wait_for(|now| *now == there).await.is_err() {
        // Nobody watches any more: it will never be seen.
        std::future::pending::<()>().await;
    }
}

fn no_host() -> Trouble {
    Trouble::new(TroubleCode::NoTrayHost, "Nothing on this desktop shows tray icons.", system::remedy())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::time::sleep;

    use super::*;

    /// Runs the judge over a host that comes and goes, and returns what it found.
    async fn found(in_background: bool, changes: &[(u64, bool)]) -> Vec<Finding> {
        let (sender, host) = watch::channel(false);
        let (tell, findings) = mpsc::channel();
        let judge = judge(host, in_background, move |finding| tell.send(finding).unwrap());
        let world = async {
            for (milliseconds, there) in changes {
                sleep(Duration::from_millis(*milliseconds)).await;
                sender.send_replace(*there);
            }
            sleep(Duration::from_mins(1)).await;
        };
        tokio::select! {
            () = judge => {}
            () = world => {}
        }
        findings.try_iter().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_panel_that_comes_late_at_log_in_is_waited_for() {
        assert_eq!(found(true, &[(2_900, true)]).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn without_one_a_start_in_the_background_gets_a_window_once() {
        let changes = [(4_000, true), (1_000, false), (4_000, true)];
        let missing = |no_window| Finding::Missing { no_window };
        assert_eq!(found(true, &changes).await, [missing(true), Finding::Back, missing(false), Finding::Back]);
        assert_eq!(found(false, &[]).await, [missing(false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_restarts_is_no_trouble() {
        assert_eq!(found(true, &[(100, true), (5_000, false), (2_000, true)]).await, []);
    }
}
