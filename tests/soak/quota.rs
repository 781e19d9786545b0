//! A Redis whose month is used up: it lets everybody in, and refuses everything else. It shows the real one's
//! certificate, so that nobody can tell the two apart before.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use heliograph_sandbox::proxy::{Mode, Proxy};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// As the service says it.
const WORDS: &str = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. \
    See https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details";

/// Running. Dropping it ends it.
pub(crate) struct UsedUp {
    pub(crate) port: u16,
    _refuses: Proxy,
    _tasks: JoinSet<()>,
}

impl UsedUp {
    /// With the certificate in the folder of the real one.
    pub(crate) async fn start(folder: &Path) -> Self {
        // Nobody is behind it: what refuses everything needs no server.
        let refuses = Proxy::start(0).await.unwrap();
        refuses.to_new(Mode::RefuseAfterLogin(WORDS.to_owned()));
        let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), refuses.port()));
        Self { port, _refuses: refuses, _tasks: tasks }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, inside: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    // One that breaks off is gone.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, inside)).await else { return };
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
