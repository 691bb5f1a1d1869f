//! An Ed25519 key for the temporary account, in OpenSSH's own text forms.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::Rng;
use rand::RngExt as _;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair as _;
use zeroize::Zeroizing;

const KIND: &[u8] = b"ssh-ed25519";
/// The width of the lines of a private key's text.
const WIDTH: usize = 70;

/// A new key pair.
pub(super) struct NewKey {
    /// The private key, as in a file `id_ed25519` (OpenSSH, `PROTOCOL.key`), without a passphrase.
    pub(super) private: Zeroizing<String>,
    /// The public key, as in `authorized_keys`.
    pub(super) public: String,
}

impl NewKey {
    /// Draws a key.
    pub(super) fn draw(random: &mut dyn Rng, comment: &str) -> Self {
        let mut seed = Zeroizing::new([0_u8; 32]);
        random.fill(&mut *seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed)
            .expect("32 bytes are the seed of an Ed25519 key");
        let point = pair.public_key().as_ref();
        let public = [text(KIND), text(point)].concat();
        // Twice the same number: a reader sees by it that the passphrase, of which there is none,
        // was right.
        let check = random.random::<u32>().to_be_bytes();
        let mut secret = Zeroizing::new([&check[..], &check[..], &public].concat());
        secret.extend(text(&[&seed[..], point].concat()));
        secret.extend(text(comment.as_bytes()));
        for padding in 1_u8.. {
            if secret.len().is_multiple_of(8) {
                break;
            }
            secret.push(padding);
        }
        let mut whole = Zeroizing::new(b"openssh-key-v1\0".to_vec());
        for part in [&b"none"[..], b"none", b""] {
            whole.extend(text(part));
        }
        whole.extend(1_u32.to_be_bytes());
        whole.extend(text(&public));
        whole.extend(text(&secret));
        let body = Zeroizing::new(BASE64_STANDARD.encode(&*whole));
        let mut private = Zeroizing::new("-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned());
        for (at, c) in body.chars().enumerate() {
            if at > 0 && at.is_multiple_of(WIDTH) {
                private.push('\n');
            }
            private.push(c);
        }
        private.push_str("\n-----END OPENSSH PRIVATE KEY-----\n");
        Self {
            private,
            public: format!("ssh-ed25519 {} {comment}", BASE64_STANDARD.encode(&public)),
        }
    }
}

/// A `string` of the SSH protocol (RFC 4251, 5): its length and its bytes.
fn text(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a key is short");
    [&length.to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    #[test]
    fn openssh_reads_the_key_and_finds_the_same_public_one() {
        let key = NewKey::draw(&mut rand::rng(), "sms-plan a-run");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, &*key.private).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let output = Command::new("ssh-keygen")
            .args(["-y", "-P", "", "-f"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let seen = String::from_utf8(output.stdout).unwrap();
        assert_eq!(seen.trim(), key.public);
    }

    #[test]
    fn no_two_keys_are_the_same() {
        let one = NewKey::draw(&mut rand::rng(), "x");
        assert_ne!(one.public, NewKey::draw(&mut rand::rng(), "x").public);
    }
}
