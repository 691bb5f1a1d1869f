//! The secrets that an inventory refers to, fetched once when a run begins or goes on.
//!
//! A secret that cannot be had stops the program before anything is changed. Everything fetched
//! here is also what texts are cleaned of before they reach a journal or a screen.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use secrecy::ExposeSecret as _;
use secrecy::SecretString;

use crate::host::Logon;
use crate::host::LogonMethod;
use crate::plan::Credential;
use crate::plan::Inventory;
use crate::plan::Scope;
use crate::plan::SecretRef;

/// The resolved credentials of one inventory.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    username: String,
    domain: bool,
    password: Option<SecretString>,
    private_key: Option<PathBuf>,
}

/// Why a credential cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CredentialError {
    #[error(
        "the password of credential `{name}` is to come from the environment variable `{variable}`, which is not set"
    )]
    Unset { name: String, variable: String },
    #[error("the password of credential `{name}` is empty")]
    Empty { name: String },
    #[error("the {what} of credential `{name}` cannot be read from `{path}`")]
    File {
        name: String,
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the password of credential `{name}` is to be asked for, but there is no terminal")]
    NoTerminal { name: String },
    #[error("the password of credential `{name}` could not be asked for")]
    Prompt {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the command that prints the password of credential `{name}` {how}")]
    Command { name: String, how: String },
    #[error("credential `{name}` is not defined in the inventory")]
    Unknown { name: String },
    #[error("credential `{name}` has neither a password nor a private key")]
    Nothing { name: String },
    #[error("credential `{name}` needs a password: a private key cannot be used for the directory")]
    NoPassword { name: String },
}

impl Credentials {
    /// Fetches every secret that the inventory uses.
    pub fn fetch(inventory: &Inventory) -> Result<Self, CredentialError> {
        let mut entries = BTreeMap::new();
        for (name, credential) in &inventory.credentials {
            let password = match &credential.password {
                Some(reference) => Some(fetch(name, reference, inventory)?),
                None => None,
            };
            let private_key = match &credential.private_key {
                Some(path) => Some(readable_key(name, inventory.resolve(path))?),
                None => None,
            };
            if password.is_none() && private_key.is_none() {
                return Err(CredentialError::Nothing { name: name.clone() });
            }
            let domain = credential.scope == Scope::Domain;
            let username = credential.username.clone();
            entries.insert(
                name.clone(),
                Entry {
                    username,
                    domain,
                    password,
                    private_key,
                },
            );
        }
        Ok(Self { entries })
    }

    /// Puts something in the place of every secret, without fetching any: for rehearsals.
    pub fn stand_ins(inventory: &Inventory) -> Self {
        let entry = |(name, given): (&String, &Credential)| {
            let entry = Entry {
                username: given.username.clone(),
                domain: given.scope == Scope::Domain,
                password: Some(SecretString::from(format!("stand-in for {name}"))),
                private_key: None,
            };
            (name.clone(), entry)
        };
        let entries = inventory.credentials.iter().map(entry).collect();
        Self { entries }
    }

    /// How this credential logs on to a host; a private key goes before a password.
    pub fn logon(&self, name: &str) -> Result<Logon, CredentialError> {
        let entry = self.entry(name)?;
        let method = match (&entry.private_key, &entry.password) {
            (Some(path), _) => LogonMethod::PrivateKey(path.clone()),
            (None, Some(password)) => LogonMethod::Password(password.clone()),
            (None, None) => {
                return Err(CredentialError::Nothing {
                    name: name.to_owned(),
                });
            }
        };
        Ok(Logon {
            username: entry.username.clone(),
            scope_domain: entry.domain,
            method,
        })
    }

    /// The user name and password that this credential shows to the directory.
    pub fn password(&self, name: &str) -> Result<(String, SecretString), CredentialError> {
        let entry = self.entry(name)?;
        let password = entry
            .password
            .clone()
            .ok_or_else(|| CredentialError::NoPassword {
                name: name.to_owned(),
            })?;
        Ok((entry.username.clone(), password))
    }

    /// Returns the text without any of the secrets.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for password in self
            .entries
            .values()
            .filter_map(|entry| entry.password.as_ref())
        {
            let password = password.expose_secret();
            // A very short one would blot out innocent text and is no secret anyway.
            if password.len() >= 4 && text.contains(password) {
                text = text.replace(password, "[secret]");
            }
        }
        text
    }

    fn entry(&self, name: &str) -> Result<&Entry, CredentialError> {
        self.entries
            .get(name)
            .ok_or_else(|| CredentialError::Unknown {
                name: name.to_owned(),
            })
    }
}

fn fetch(
    name: &str,
    reference: &SecretRef,
    inventory: &Inventory,
) -> Result<SecretString, CredentialError> {
    let name = name.to_owned();
    let text = match reference {
        SecretRef::Env(variable) => env::var(variable).map_err(|_| CredentialError::Unset {
            name: name.clone(),
            variable: variable.clone(),
        })?,
        SecretRef::File(path) => {
            let path = inventory.resolve(path);
            fs::read_to_string(&path).map_err(|source| CredentialError::File {
                name: name.clone(),
                what: "password",
                path,
                source,
            })?
        }
        SecretRef::Prompt(question) => ask_terminal(&name, question)?,
        SecretRef::Command(words) => output_of(&name, words)?,
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(CredentialError::Empty { name });
    }
    Ok(SecretString::from(text))
}

fn readable_key(name: &str, path: PathBuf) -> Result<PathBuf, CredentialError> {
    match fs::File::open(&path) {
        Ok(_) => Ok(path),
        Err(source) => Err(CredentialError::File {
            name: name.to_owned(),
            what: "private key",
            path,
            source,
        }),
    }
}

fn ask_terminal(name: &str, question: &str) -> Result<String, CredentialError> {
    if !std::io::stdin().is_terminal() {
        return Err(CredentialError::NoTerminal {
            name: name.to_owned(),
        });
    }
    rpassword::prompt_password(format!("{} ", question.trim_end())).map_err(|source| {
        CredentialError::Prompt {
            name: name.to_owned(),
            source,
        }
    })
}

fn output_of(name: &str, words: &[String]) -> Result<String, CredentialError> {
    let failed = |how: String| CredentialError::Command {
        name: name.to_owned(),
        how,
    };
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| failed("is empty".to_owned()))?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(format!("could not be started: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("failed: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("printed no text".to_owned()))
}
