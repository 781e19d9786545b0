//! What stands between clients and the server of a database that is paid for: the service's own rules for its access
//! control list.
//!
//! It ends TLS, carries everything to the real server and back, and changes only commands of `ACL`. Each command of a
//! client is one of the server's, so that answers keep their order. It must not decide what a user may do: that is
//! the server's business, and also where a command is changed. Where a quota is used up, it refuses everything itself.

mod connection;
mod resp;
mod rules;
mod tokens;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::redis::Certificates;
use tokens::Tokens;

/// How long a client may take for TLS.
const TLS_LIMIT: Duration = Duration::from_secs(10);

/// It stands while this value lives.
#[derive(Debug)]
pub(super) struct Front {
    // Dropped with us, and all connections with it.
    _tasks: JoinSet<()>,
}

impl Front {
    /// Listens on `port` with TLS, in front of a server that listens without on `server`. While `refusal` says
    /// something, that is the answer to every command on connections made then.
    pub(super) async fn start(
        port: u16,
        server: u16,
        certificates: &Certificates,
        refusal: watch::Receiver<Option<String>>,
    ) -> Result<Self> {
        let acceptor = TlsAcceptor::from(tls(certificates)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("the port is taken")?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, acceptor, server, refusal));
        Ok(Self { _tasks: tasks })
    }
}

fn tls(certificates: &Certificates) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(&certificates.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificates.key)?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: u16, refusal: watch::Receiver<Option<String>>) {
    let tokens = Arc::<Tokens>::default();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that is gone before it was accepted is nobody's loss.
                let Ok((client, _)) = accepted else { continue };
                let refusal = refusal.borrow().clone();
                connections.spawn(receive(client, acceptor.clone(), server, Arc::clone(&tokens), refusal));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection from its first packet to its end. What fails here is a connection that broke.
async fn receive(client: TcpStream, acceptor: TlsAcceptor, server: u16, tokens: Arc<Tokens>, refusal: Option<String>) {
    let Ok(Ok(client)) = timeout(TLS_LIMIT, acceptor.accept(client)).await else { return };
    if let Some(refusal) = refusal {
        let _ = connection::refuse(client, &refusal).await;
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let swift = client.get_ref().0.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    if swift.is_ok() {
        let _ = connection::carry(client, server, &tokens).await;
    }
}
