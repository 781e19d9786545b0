//! From the command line to a running engine, before there is a window.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use heliograph_core::{
    discover::Surroundings as Found,
    engine::{Engine, Offer, Setup, Source},
    home::Home,
    notification::Notifier,
    settings::Settings,
    trouble::{Trouble, TroubleCode},
};
use heliograph_sandbox::Sandbox;
use secrecy::SecretString;
use tauri::Url;
use tokio::{runtime::Runtime, time::timeout};

use crate::{flags::Flags, process::Surroundings};

/// How long the sandbox may take to start.
const SANDBOX: std::time::Duration = std::time::Duration::from_secs(15);

/// The folders of this start, made.
///
/// Fails where there is no home folder; one that cannot be written is the engine's to report.
pub(crate) fn home(flags: &Flags, surroundings: &Surroundings) -> Result<Home> {
    let home = match &surroundings.home {
        Some(root) => Home::under(&std::path::absolute(root).context("HELIOGRAPH_HOME is no path")?),
        None => Home::of_system().context("this user has no home folder; name one in HELIOGRAPH_HOME")?,
    };
    let home = if flags.sandbox { home.sandboxed() } else { home };
    home.create().with_context(|| format!("the folder {} cannot be made", home.data.display()))?;
    Ok(home)
}

/// The runtime of everything that is not the main loop.
pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("heliograph")
        .enable_all()
        .build()
        .context("no threads can be started")
}

/// The database's address, where it is known before the keychain is asked.
struct World {
    sandbox: Option<Sandbox>,
    address: Option<(SecretString, Source)>,
    surroundings: Found,
    api: Option<Url>,
    github: Option<Url>,
    mailbox: Option<Offer>,
    authorities: Option<PathBuf>,
    troubles: Vec<Trouble>,
}

/// Starts the sandbox, if there is to be one, and the engine. A sandbox that does not start is reported by the
/// engine, which runs all the same.
pub(crate) fn engine(
    runtime: &Runtime,
    home: &Home,
    flags: &Flags,
    surroundings: Surroundings,
    notifier: Arc<dyn Notifier>,
) -> (Engine, Option<Sandbox>) {
    let world = if flags.sandbox { runtime.block_on(sandbox(home)) } else { outside(surroundings) };
    let (settings, unusable) = Settings::load(&home.settings());
    let _inside = runtime.enter();
    let engine = Engine::start(Setup {
        home: home.clone(),
        settings,
        address: world.address,
        authorities: world.authorities,
        surroundings: world.surroundings,
        api: world.api,
        github: world.github,
        mailbox: world.mailbox,
        rotation: heliograph_core::rotation::Tuning::default(),
        notifier,
        version: env!("CARGO_PKG_VERSION").into(),
        sandbox: flags.sandbox,
    });
    for trouble in world.troubles.into_iter().chain(unusable) {
        engine.report(trouble);
    }
    (engine, world.sandbox)
}

/// The real one.
fn outside(surroundings: Surroundings) -> World {
    let Surroundings { address, email, api_key, api, github_token, github_repository, github_api, config, .. } =
        surroundings;
    let mut troubles = Vec::new();
    let mut place = |name: &str, url: Option<String>| {
        let read = url.as_deref().map(Url::parse)?;
        read.map_err(|_| troubles.push(no_place(name))).ok()
    };
    let api = place("UPSTASH_API_URL", api);
    let github = place("GITHUB_API_URL", github_api);
    let mailbox = github_repository.zip(github_token).map(|(repository, token)| Offer { repository, token });
    let found = Found { address: address.clone(), email, api_key, config };
    let address = address.map(|address| (address, Source::Environment));
    World { sandbox: None, address, surroundings: found, api, github, mailbox, authorities: None, troubles }
}

fn no_place(variable: &str) -> Trouble {
    Trouble::new(
        TroubleCode::ApiFailed,
        format!("{variable} is not an address."),
        "The usual one is used. Mend the variable, or take it out of the environment.",
    )
}

/// The one on this computer.
async fn sandbox(home: &Home) -> World {
    let starting = async {
        let mut sandbox = Sandbox::start(&home.data).await?;
        let upstash = sandbox.account().await?;
        let found =
            Found { email: Some(upstash.email().to_owned()), api_key: Some(upstash.key().clone()), ..Found::default() };
        let api = Url::parse(upstash.url())?;
        let github = sandbox.github().await?;
        let mailbox = Offer { repository: github.repository().to_owned(), token: github.token().clone() };
        let github = Url::parse(github.url())?;
        Ok((sandbox, found, api, github, mailbox))
    };
    let started = match timeout(SANDBOX, starting).await {
        Ok(result) => result,
        Err(_) => Err(anyhow::anyhow!("it took longer than {} seconds", SANDBOX.as_secs())),
    };
    match started {
        Ok((sandbox, surroundings, api, github, mailbox)) => World {
            address: Some((sandbox.url(), Source::Sandbox)),
            surroundings,
            api: Some(api),
            github: Some(github),
            mailbox: Some(mailbox),
            authorities: Some(sandbox.ca_file().to_owned()),
            sandbox: Some(sandbox),
            troubles: Vec::new(),
        },
        Err(error) => {
            tracing::error!("the sandbox did not start: {error:#}");
            let trouble = Trouble::new(
                TroubleCode::SandboxFailed,
                format!("The sandbox did not start: {error:#}."),
                "Quit, see to it, and start the sandbox again.",
            );
            World {
                sandbox: None,
                address: None,
                surroundings: Found::default(),
                api: None,
                github: None,
                mailbox: None,
                authorities: None,
                troubles: vec![trouble],
            }
        }
    }
}
