//! A stand-in for the parts of GitHub's REST API that a mailbox needs: plain HTTP on loopback, one repository, two
//! logins.
//!
//! Paths, fields, status codes and headers are those of the published description, so that other programs' clients
//! can use it. What the description leaves open is answered in the way that asks most of a client. On request it
//! misbehaves. Everything is in memory and gone at the end. It must not use anything of the client that it tests.

mod entrance;
mod fault;
mod limits;
mod order;
mod page;
mod reply;
mod repository;
mod routes;
mod service;
mod shape;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinSet, time::timeout};

pub use entrance::Seen;
pub use fault::Fault;
pub use order::Order;
pub use repository::{Posted, Reacted};
pub use service::Access;
use service::Service;

/// How long conversations may take to end before they are cut off.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// What can be chosen about the stand-in.
#[derive(Clone, Debug, Default)]
pub struct GithubOptions {
    /// The port; a free one if none is given.
    pub port: Option<u16>,
}

/// A running stand-in. Dropping it ends it.
#[derive(Debug)]
pub struct Github {
    service: Arc<Service>,
    // Dropped with us, and then cut off.
    server: JoinSet<std::io::Result<()>>,
}

impl Github {
    /// Starts it with a private repository without labels and issues.
    pub async fn start(options: GithubOptions) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port.unwrap_or(0))).await;
        let listener = listener.context("the stand-in cannot listen on its port")?;
        let service = Arc::new(Service::new(format!("http://{}", listener.local_addr()?)));
        let app = entrance::router(Arc::clone(&service));
        let stopped = service.stop.clone().cancelled_owned();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Ok(Self { service, server })
    }

    /// Where it is: what stands before `/repos`.
    pub fn url(&self) -> &str {
        &self.service.url
    }

    /// A fine-grained token of the owner that may read and write issues, and no more.
    pub fn token(&self) -> &SecretString {
        self.service.token(service::OWNER, Access::Write)
    }

    /// Another token of the owner.
    pub fn token_with(&self, access: Access) -> &SecretString {
        self.service.token(service::OWNER, access)
    }

    /// A token of the second login, who may write in the repository as well.
    pub fn other_token(&self) -> &SecretString {
        self.service.token(service::OTHER, Access::Write)
    }

    /// The repository: `owner/name`.
    pub fn repository(&self) -> &str {
        service::REPOSITORY
    }

    /// Whose repository it is, and whose token.
    pub fn login(&self) -> &str {
        service::OWNER
    }

    /// The second login.
    pub fn other_login(&self) -> &str {
        service::OTHER
    }

    /// Makes the repository private or public.
    pub fn set_private(&self, private: bool) {
        self.service.repository().private = private;
    }

    /// Switches the repository's issues on or off.
    pub fn set_issues(&self, on: bool) {
        self.service.repository().has_issues = on;
    }

    /// How many counted questions each login has in an hour, from now on; an hour begins anew.
    pub fn limit_requests(&self, most: u32) {
        self.service.limits.set_requests(most);
    }

    /// How many things each login may write in a minute, from now on.
    pub fn limit_creations(&self, most: usize) {
        self.service.limits.set_creations(most);
    }

    /// Opens an issue as somebody, and gives its number.
    pub fn issue_as(&self, login: &str, title: &str) -> u64 {
        self.service.repository().open(login, title, None, Vec::new())
    }

    /// The number of the first issue with this title.
    pub fn issue(&self, title: &str) -> Option<u64> {
        self.service.repository().issues.iter().find(|issue| issue.title == title).map(|issue| issue.number)
    }

    /// Whether an issue takes no more comments over the API. Tells whether there is such an issue.
    pub fn lock_issue(&self, issue: u64, locked: bool) -> bool {
        let mut repository = self.service.repository();
        repository.issue_mut(issue).map(|issue| issue.locked = locked).is_some()
    }

    /// Adds a comment as somebody, and gives its id; nothing where there is no such issue.
    pub fn comment_as(&self, login: &str, issue: u64, body: &str) -> Option<u64> {
        self.service.repository().comment(login, issue, body)
    }

    /// Changes a comment as its author would, at least a second after it was written: earlier the times would not
    /// tell. Tells whether there is such a comment.
    pub fn edit_comment(&self, id: u64, body: &str) -> bool {
        self.service.repository().edit_later(id, body)
    }

    /// All comments, in the order in which they were written.
    pub fn comments(&self) -> Vec<Posted> {
        self.service.repository().posted()
    }

    /// Answers every question in this way until [`Github::behave`].
    pub fn misbehave(&self, fault: Fault) {
        self.service.manners.set(fault, None);
    }

    /// Answers the next `times` questions in this way.
    pub fn misbehave_times(&self, fault: Fault, times: u32) {
        self.service.manners.set(fault, Some(times));
    }

    /// Answers as it should.
    pub fn behave(&self) {
        self.service.manners.clear();
    }

    /// Does what a line of the program's standard input says.
    pub fn obey(&self, order: Order) -> Result<()> {
        order.carry_out(self)
    }

    /// The last questions, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.service.seen.all()
    }

    /// How many questions counted against the limit since the start.
    pub fn counted(&self) -> u64 {
        self.service.limits.counted()
    }

    /// How many questions were answered with 304 since the start.
    pub fn not_modified(&self) -> u64 {
        self.service.limits.not_modified()
    }

    /// Ends it, within a second or so at the most.
    pub async fn stop(mut self) {
        self.service.stop.cancel();
        if timeout(STOP_LIMIT, self.server.join_next()).await.is_err() {
            self.server.shutdown().await;
        }
    }
}

impl Drop for Github {
    fn drop(&mut self) {
        self.service.stop.cancel();
    }
}
