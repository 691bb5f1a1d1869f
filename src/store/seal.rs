//! Secrets at rest: sealed with XChaCha20-Poly1305, bound to their run and their name.
//!
//! The key never lies beside the store. It is a file of mode 0600 in the user's configuration
//! folder, made at first use, or it comes from the environment.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use argon2::Argon2;
use chacha20poly1305::Key;
use chacha20poly1305::KeyInit as _;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::aead::Payload;
use rand::Rng as _;
use zeroize::Zeroizing;

use crate::run::RunId;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// Where the key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file of mode 0600, made at first use.
    File(PathBuf),
    /// Derived (Argon2id) from a passphrase in the environment.
    Passphrase(Zeroizing<String>),
    /// Given, and kept nowhere: for a journal that does not outlive the process.
    Given(Zeroizing<[u8; KEY_BYTES]>),
}

/// Seals and opens secrets; the key is read when it is first needed.
#[derive(Clone, Debug)]
pub struct Sealer {
    source: KeySource,
}

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SealError {
    #[error("cannot {what} the key file `{path}`")]
    KeyFile {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the key file `{path}` is not a key of sms-plan")]
    NotAKey { path: PathBuf },
    #[error("the key file `{path}` can be read by others (mode {mode:o}); it must be 0600")]
    Open { path: PathBuf, mode: u32 },
    #[error("no place for the key: neither XDG_CONFIG_HOME nor HOME is set; set SMS_PLAN_KEY_FILE")]
    NoPlace,
    #[error("the passphrase cannot be made into a key: {0}")]
    Passphrase(String),
    #[error(
        "secret `{name}` of run `{run}` cannot be opened: the key is another one than it was sealed with, or it was changed"
    )]
    Refused { run: RunId, name: String },
    #[error("secret `{name}` cannot be sealed")]
    Seal { name: String },
}

impl KeySource {
    /// The source that the environment names: `SMS_PLAN_PASSPHRASE`, else the file
    /// `SMS_PLAN_KEY_FILE`, else `sms-plan/key` in the user's configuration folder.
    pub fn from_environment() -> Result<Self, SealError> {
        if let Ok(passphrase) = env::var("SMS_PLAN_PASSPHRASE") {
            return Ok(Self::Passphrase(Zeroizing::new(passphrase)));
        }
        if let Some(path) = env::var_os("SMS_PLAN_KEY_FILE") {
            return Ok(Self::File(path.into()));
        }
        let folder = env::var_os("XDG_CONFIG_HOME")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
            .ok_or(SealError::NoPlace)?;
        Ok(Self::File(folder.join("sms-plan").join("key")))
    }
}

impl Sealer {
    /// A sealer with the key of this source.
    pub fn new(source: KeySource) -> Self {
        Self { source }
    }

    /// Seals bytes for one run and one name.
    pub fn seal(&self, run: &RunId, name: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let bound = bound_to(run, name);
        let payload = Payload {
            msg: plain,
            aad: bound.as_bytes(),
        };
        let sealed = self
            .cipher(run, true)?
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Seal {
                name: name.to_owned(),
            })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] made for the same run and name.
    pub fn open(
        &self,
        run: &RunId,
        name: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let refused = || SealError::Refused {
            run: run.clone(),
            name: name.to_owned(),
        };
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(refused)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| refused())?;
        let bound = bound_to(run, name);
        let payload = Payload {
            msg: sealed,
            aad: bound.as_bytes(),
        };
        let plain = self
            .cipher(run, false)?
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| refused())?;
        Ok(Zeroizing::new(plain))
    }

    fn cipher(&self, run: &RunId, create: bool) -> Result<XChaCha20Poly1305, SealError> {
        let key = match &self.source {
            KeySource::File(path) => read_key(path, create)?,
            KeySource::Passphrase(passphrase) => {
                let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
                let salt = format!("sms-plan;v1;{run}");
                Argon2::default()
                    .hash_password_into(passphrase.as_bytes(), salt.as_bytes(), &mut *key)
                    .map_err(|error| SealError::Passphrase(error.to_string()))?;
                key
            }
            KeySource::Given(key) => key.clone(),
        };
        Ok(XChaCha20Poly1305::new(&Key::from(*key)))
    }
}

fn bound_to(run: &RunId, name: &str) -> String {
    format!("sms-plan;v1;{run};{name}")
}

fn read_key(path: &Path, create: bool) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError> {
    let failed = |what| {
        move |source| SealError::KeyFile {
            what,
            path: path.to_owned(),
            source,
        }
    };
    if create && !path.exists() {
        make_key(path).map_err(failed("create"))?;
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(failed("read"))?);
    refuse_open_file(path)?;
    let key: [u8; KEY_BYTES] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| SealError::NotAKey {
            path: path.to_owned(),
        })?;
    Ok(Zeroizing::new(key))
}

/// Writes a new key beside its final place and links it there, so that of two processes that do
/// this at once both end with the same key.
fn make_key(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    rand::rng().fill_bytes(&mut *key);
    let mut file = tempfile::Builder::new()
        .prefix(".key")
        .tempfile_in(folder)?;
    file.write_all(&*key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => fs::File::open(folder)?.sync_all(),
        Err(lost) if lost.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(lost) => Err(lost.error),
    }
}

#[cfg(unix)]
fn refuse_open_file(path: &Path) -> Result<(), SealError> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = fs::metadata(path).map_err(|source| SealError::KeyFile {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(SealError::Open {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn refuse_open_file(_: &Path) -> Result<(), SealError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> RunId {
        RunId::new(text).unwrap()
    }

    #[test]
    fn a_secret_opens_only_for_its_own_run_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = Sealer::new(KeySource::File(folder.path().join("deep/key")));
        let sealed = sealer.seal(&run("r1"), "source/keytab", b"plain").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"plain"));
        assert_eq!(
            sealer
                .open(&run("r1"), "source/keytab", &sealed)
                .unwrap()
                .as_slice(),
            b"plain"
        );
        assert!(sealer.open(&run("r2"), "source/keytab", &sealed).is_err());
        assert!(sealer.open(&run("r1"), "source/other", &sealed).is_err());
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert!(sealer.open(&run("r1"), "source/keytab", &changed).is_err());
    }

    #[test]
    fn a_lost_key_is_not_silently_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealer = Sealer::new(KeySource::File(path.clone()));
        let sealed = sealer.seal(&run("r"), "n", b"x").unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(
            sealer.open(&run("r"), "n", &sealed),
            Err(SealError::KeyFile { what: "read", .. })
        ));
        assert!(!path.exists());
    }

    #[test]
    fn a_passphrase_opens_what_it_sealed() {
        let source = |text: &str| KeySource::Passphrase(Zeroizing::new(text.to_owned()));
        let sealed = Sealer::new(source("one"))
            .seal(&run("r"), "n", b"x")
            .unwrap();
        assert!(
            Sealer::new(source("one"))
                .open(&run("r"), "n", &sealed)
                .is_ok()
        );
        assert!(
            Sealer::new(source("two"))
                .open(&run("r"), "n", &sealed)
                .is_err()
        );
    }
}
