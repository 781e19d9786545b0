//! Somebody who speaks with a database and is no part of the program: TLS under the stand-in's authority, and plain
//! commands.

use std::{path::Path, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, ConnectionAddr, FromRedisValue, IntoConnectionInfo as _, RedisResult,
    aio::MultiplexedConnection,
};
use tokio::{net::TcpStream, task::JoinSet};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A connection; dropping it ends it.
pub(crate) struct Voice {
    connection: MultiplexedConnection,
    _driver: JoinSet<()>,
}

impl Voice {
    /// Fails where the key is refused.
    pub(crate) async fn connect(url: &str, authority: &Path) -> RedisResult<Self> {
        let info = url.replacen("rediss://", "redis://", 1).into_connection_info()?;
        let ConnectionAddr::Tcp(host, port) = info.addr().clone() else { panic!("the address has no host") };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host).unwrap(), stream).await?;
        // By itself it waits for half a second, and a busy machine takes longer.
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT));
        let (connection, driver) =
            MultiplexedConnection::new_with_config(info.redis_settings(), stream, config).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(driver);
        Ok(Self { connection, _driver: tasks })
    }

    /// A command.
    pub(crate) async fn ask<T: FromRedisValue>(&mut self, words: &[&str]) -> RedisResult<T> {
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut self.connection).await
    }

    /// Publishes a message.
    pub(crate) async fn say(&mut self, channel: &str, message: &serde_json::Value) -> RedisResult<()> {
        self.ask(&["PUBLISH", channel, &message.to_string()]).await
    }

    /// Publishes a message and writes it into the record, both or neither.
    pub(crate) async fn record(&mut self, channel: &str, message: &serde_json::Value) -> RedisResult<()> {
        let text = message.to_string();
        let mut both = redis::pipe();
        both.atomic().cmd("XADD").arg(format!("record:{channel}")).arg("*").arg("m").arg(&text).ignore();
        both.cmd("PUBLISH").arg(channel).arg(&text).ignore();
        both.query_async(&mut self.connection).await
    }
}
