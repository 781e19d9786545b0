//! A connection to a database, down at what goes over the wire.

use std::sync::Arc;

use redis::Value;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{World, text};

/// One connection, as it stands.
pub(crate) struct Wire {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

impl Wire {
    /// To a database, without a log-in.
    pub(crate) async fn to(world: &World, id: &str) -> Self {
        let database = world.get(&format!("/redis/database/{id}")).await;
        let (host, port) = text(&database["endpoint"]).split_once(':').unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(world.api.ca_file()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect((host, port.parse().unwrap())).await.unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn log_in(&mut self, user: &str, password: &str) {
        assert_eq!(self.ask(&["AUTH", user, password]).await, Some(Value::Okay));
    }

    /// Sends commands in one piece, without waiting for an answer.
    pub(crate) async fn send(&mut self, commands: &[&[&str]]) {
        let mut bytes = Vec::new();
        for words in commands {
            let mut command = redis::cmd(words[0]);
            bytes.extend(command.arg(&words[1..]).get_packed_command());
        }
        // What cannot be sent any more will not be answered either.
        let _ = self.stream.write_all(&bytes).await;
        // The end of what is written may stand in TLS's buffer still, and reading would not send it.
        let _ = self.stream.flush().await;
    }

    /// The next answer; none where the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            // The shortest piece that is an answer is the first answer.
            let ends = self.read.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index + 1);
            let whole = ends.into_iter().find_map(|end| Some((end, redis::parse_redis_value(&self.read[..end]).ok()?)));
            if let Some((end, value)) = whole {
                self.read.drain(..end);
                return Some(value);
            }
            if self.stream.read_buf(&mut self.read).await.unwrap_or_default() == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn ask(&mut self, words: &[&str]) -> Option<Value> {
        self.send(&[words]).await;
        self.next().await
    }
}
