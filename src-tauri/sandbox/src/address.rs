//! Where a Redis server is, and how connections to it are made: plain or TLS, always within a time limit.
//!
//! No error from here carries the password: the URL is never part of one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use redis::{
    AsyncConnectionConfig, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    aio::{MultiplexedConnection, PubSub},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

/// The limit for a connection from the first packet to the last confirmation.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The limit for the answer to one command.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A server's URL, and the authority to trust beside the well-known ones.
#[derive(Clone, Debug)]
pub struct Address {
    url: SecretString,
    ca_file: Option<PathBuf>,
}

/// A connection for commands; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) connection: MultiplexedConnection,
    // The driver of the connection; a JoinSet ends its tasks when dropped.
    _driver: JoinSet<()>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Address {
    /// `redis://` or `rediss://`, and a file of certificates in PEM.
    pub fn new(url: SecretString, ca_file: Option<PathBuf>) -> Self {
        Self { url, ca_file }
    }

    /// The same server with another password.
    pub(crate) fn with_password(&self, password: &str) -> Result<Self> {
        let (scheme, rest) = self.url.expose_secret().split_once("://").context("the Redis URL has no scheme")?;
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let url = format!("{scheme}://default:{password}@{place}");
        Ok(Self { url: url.into(), ca_file: self.ca_file.clone() })
    }

    /// A connection for subscriptions.
    pub(crate) async fn subscriber(&self) -> Result<PubSub> {
        let made = async {
            let (info, stream) = self.open().await?;
            Ok(PubSub::new(&info, stream).await?)
        };
        timeout(CONNECT_LIMIT, made).await.context("the Redis server did not answer in time")?
    }

    /// A connection for commands.
    pub(crate) async fn commands(&self) -> Result<Commands> {
        let made = async {
            let (info, stream) = self.open().await?;
            let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_LIMIT));
            let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config).await?;
            let mut tasks = JoinSet::new();
            tasks.spawn(driver);
            Ok(Commands { connection, _driver: tasks })
        };
        timeout(CONNECT_LIMIT, made).await.context("the Redis server did not answer in time")?
    }

    async fn open(&self) -> Result<(RedisConnectionInfo, Box<dyn Stream>)> {
        let url = self.url.expose_secret();
        let tls = url.starts_with("rediss://");
        // TLS is ours to make: the redis crate is built without it, and so reads only the plain scheme.
        let info = url
            .replacen("rediss://", "redis://", 1)
            .into_connection_info()
            .map_err(|error| anyhow::anyhow!("the Redis URL cannot be read: {}", error.category()))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            bail!("the Redis URL must name a host and a port");
        };
        let stream = TcpStream::connect((host.as_str(), *port)).await.context("no connection to the Redis server")?;
        stream.set_nodelay(true)?;
        let settings = info.redis_settings().clone();
        if !tls {
            return Ok((settings, Box::new(stream)));
        }
        let name = ServerName::try_from(host.clone()).context("the host cannot stand in a certificate")?;
        let stream = tokio_rustls::TlsConnector::from(self.tls_config()?)
            .connect(name, stream)
            .await
            .context("no TLS with the Redis server")?;
        Ok((settings, Box::new(stream)))
    }

    fn tls_config(&self) -> Result<Arc<ClientConfig>> {
        let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        if let Some(file) = &self.ca_file {
            let about = || format!("cannot read the certificates in {}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).with_context(about)? {
                roots.add(certificate.with_context(about)?).with_context(about)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}
