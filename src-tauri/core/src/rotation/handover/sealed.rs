//! Sealing: text that only the holder of Helios's private key can read. With age, so that any age program opens it.

use std::io::Write as _;

use age::{
    Encryptor,
    armor::{ArmoredWriter, Format},
    x25519::Recipient,
};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};

/// A public key of age, in the form in which it is shown; `None` for what is none.
pub fn recipient(text: &str) -> Option<Recipient> {
    text.trim().parse().ok()
}

/// The fingerprint of a public key: sixteen digits of its hash in groups of four, to be compared by eye.
pub fn key_fingerprint(key: &str) -> String {
    let hash = digest(&SHA256, key.trim().as_bytes());
    let pairs: Vec<String> = hash.as_ref()[..8].chunks(2).map(|two| format!("{:02x}{:02x}", two[0], two[1])).collect();
    pairs.join(" ")
}

/// Seals a text to a public key, as ASCII armour. `None` where the key is none, or the system gives no chance.
pub fn seal(text: &SecretString, key: &str) -> Option<String> {
    let recipient = recipient(key)?;
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).ok()?;
    let mut sealed = Vec::new();
    let armour = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor).ok()?;
    let mut writer = encryptor.wrap_output(armour).ok()?;
    writer.write_all(text.expose_secret().as_bytes()).ok()?;
    writer.finish().and_then(ArmoredWriter::finish).ok()?;
    String::from_utf8(sealed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_private_key_opens_it() {
        let (identity, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let key = identity.to_public().to_string();
        let sealed = seal(&SecretString::from("rediss://default:SECRET@h:1"), &format!(" {key}\n")).unwrap();
        assert!(sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") && !sealed.contains("SECRET"));
        assert_eq!(age::decrypt(&identity, sealed.as_bytes()).unwrap(), b"rediss://default:SECRET@h:1");
        assert!(age::decrypt(&other, sealed.as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_public_key_seals_nothing() {
        for wrong in ["", "age1", "AGE-SECRET-KEY-1", "ssh-ed25519 AAAA", "age1qqqq"] {
            assert!(seal(&SecretString::from("x"), wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn fingerprints_are_short_and_differ() {
        let key = |()| age::x25519::Identity::generate().to_public().to_string();
        let [one, other] = [(), ()].map(key).map(|key| key_fingerprint(&key));
        assert_eq!(one.len(), 19);
        assert_ne!(one, other);
    }
}
