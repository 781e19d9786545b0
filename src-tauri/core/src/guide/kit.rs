//! What Helios needs, ready to copy. The secret is put in only where a person asked for it.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Guide, Kit, KitPart, not_possible};
use crate::{
    link::{self, Address},
    message::{Names, channel},
    trouble::Trouble,
};

/// Where the address is read from, on the other side too.
const VARIABLE: &str = "UPSTASH_REDIS_URL";

/// What stands for the secret where it is not shown.
const HIDDEN: &str = "PASSWORD";

impl Guide {
    /// What the first peer needs, without the secret.
    pub fn kit(&self) -> Result<Kit, Trouble> {
        let address = self.address_in_words()?;
        let names = self.shared.means.settings.borrow().names();
        let scheme = if address.tls { "rediss" } else { "redis" };
        let user = address.user.as_deref().unwrap_or("default");
        // Where each agent is a user, Helios's is another one than ours.
        let user = if user == names.me { peer(&names) } else { user };
        let shown = address.shown();
        Ok(Kit {
            environment: format!("{VARIABLE}={scheme}://{user}:{HIDDEN}@{shown}"),
            send: send(&names),
            listen: listen(&names),
            test: test(&names),
            local: link::is_local(&address.host),
        })
    }

    /// A part of the kit as it is copied; with the secret where it needs it, which the answer says.
    pub fn kit_part(&self, part: KitPart) -> Result<(SecretString, bool), Trouble> {
        let kit = self.kit()?;
        Ok(match part {
            KitPart::Environment => {
                let url = self.reveal_address()?;
                (SecretString::from(format!("{VARIABLE}={}", url.expose_secret())), true)
            }
            KitPart::Send => (SecretString::from(kit.send), false),
            KitPart::Listen => (SecretString::from(kit.listen), false),
            KitPart::Test => (SecretString::from(kit.test), false),
        })
    }

    fn address_in_words(&self) -> Result<Address, Trouble> {
        let url = self.known_address()?;
        Address::parse(&url).map_err(|_| not_possible("The address cannot be read.", "Set one up first."))
    }
}

/// A name as a Python string. Names hold no control characters; quotes and backslashes are the only trouble.
fn python(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn peer(names: &Names) -> &str {
    names.peers.first().map_or("helios", String::as_str)
}

fn send(names: &Names) -> String {
    let peer = peer(names);
    let (out, back) = (channel::between(peer, &names.me), channel::between(&names.me, peer));
    let (out, back, from) = (python(&out), python(&back), python(peer));
    format!(
        "import json, os, redis

r = redis.from_url(os.environ['{VARIABLE}'])
pubsub = r.pubsub()
pubsub.subscribe({back})

r.publish({out}, json.dumps({{
    'from': {from}, 'type': 'task', 'data': {{'title': 'Say hello'}}
}}))

for message in pubsub.listen():
    if message['type'] == 'message':
        print(json.loads(message['data']))
"
    )
}

fn listen(names: &Names) -> String {
    let peer = peer(names);
    let (hear, say) = (channel::between(&names.me, peer), channel::between(peer, &names.me));
    let (hear, say, from) = (python(&hear), python(&say), python(peer));
    format!(
        "import json, os, redis

r = redis.from_url(os.environ['{VARIABLE}'])
pubsub = r.pubsub()
pubsub.subscribe({hear}, 'broadcast')

for message in pubsub.listen():
    if message['type'] != 'message':
        continue
    heard = json.loads(message['data'])
    print(heard)
    if heard['type'] == 'ping':
        r.publish({say}, json.dumps({{
            'from': {from}, 'type': 'pong', 'reply_to': heard['id'], 'data': {{}}
        }}))
"
    )
}

fn test(names: &Names) -> String {
    let peer = peer(names);
    let code = format!(
        "import json, os, redis; print(redis.from_url(os.environ[\"{VARIABLE}\"]).publish({}, json.dumps({{\"from\": {}, \"type\": \"task\", \"data\": {{\"title\": \"Say hello\"}}}})))",
        double(&channel::between(peer, &names.me)),
        double(peer),
    );
    // Within single quotes a shell takes everything as it is, apart from the quote itself.
    format!("python3 -c '{}'", code.replace('\'', "'\\''"))
}

fn double(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(me: &str, peer: &str) -> Names {
        Names { me: me.into(), peers: vec![peer.into()] }
    }

    /// Python itself says whether these are programs, also with names that try to get out of their quotes.
    #[test]
    fn what_is_copied_is_python() {
        for names in
            [names("chad", "helios"), names("o'neil", r#"a"b'c\"#), names("x\\", "'''"), names("日本", "$(id)")]
        {
            for code in [send(&names), listen(&names)] {
                let parsed = std::process::Command::new("python3")
                    .args(["-c", "import ast, sys; ast.parse(sys.argv[1])", &code])
                    .status()
                    .unwrap();
                assert!(parsed.success(), "{code}");
            }
            let line = test(&names).replacen("python3 -c", "python3 -c 'import ast, sys; ast.parse(sys.argv[1])'", 1);
            let parsed = std::process::Command::new("sh").args(["-c", &line]).status().unwrap();
            assert!(parsed.success(), "{line}");
        }
    }

    #[test]
    fn the_channels_are_those_of_the_names() {
        let names = names("chad", "helios");
        assert!(send(&names).contains("r.publish('helios→chad'") && send(&names).contains("subscribe('chad→helios')"));
        assert!(listen(&names).contains("subscribe('chad→helios', 'broadcast')"));
        assert!(test(&names).contains("\"helios→chad\""));
    }
}
