//! A Linux server with Samba, by POSIX shell scripts over any transport.
//!
//! The scripts are fixed text; decisions and edits of files are made here, and each edited text is
//! only put over the text that it was made from.

mod domain;
mod edit;
mod look;
mod names;
mod network;
mod operation;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret;

use super::AccountState;
use super::Adapter;
use super::DomainSecrets;
use super::Facts;
use super::Guard;
use super::Host;
use super::HostError;
use super::HostErrorKind;
use super::HostSnapshot;
use super::JoinCredential;
use super::JoinTarget;
use super::Membership;
use super::MembershipQuestion;
use super::Naming;
use super::NetworkChange;
use super::NewAccount;
use super::Obeyed;
use super::Part;
use super::Pin;
use super::RestartAnswer;
use super::ScriptIntent;
use super::ScriptResult;
use super::ScriptRun;
use super::Services;
use super::Shell;
use super::transport::Transport;
use crate::run::RunId;
use crate::run::Sealed;
use look::Look;
pub(crate) use network::file_by_hand as network_file_by_hand;
use operation::Kind;
use operation::Values;

const FACTS: &str = include_str!("scripts/facts.sh");
const SECRETS: &str = include_str!("scripts/secrets.sh");
const ACCOUNT: &str = include_str!("scripts/account.sh");
const ACCOUNT_CREATE: &str = include_str!("scripts/account_create.sh");
const ACCOUNT_REMOVE: &str = include_str!("scripts/account_remove.sh");
const MEMBERSHIP: &str = include_str!("scripts/membership.sh");
const MEMBERSHIP_RESTORE: &str = include_str!("scripts/membership_restore.sh");
const LEAVE: &str = include_str!("scripts/leave.sh");
const JOIN: &str = include_str!("scripts/join.sh");
const KEYTAB: &str = include_str!("scripts/keytab.sh");
const SERVICES: &str = include_str!("scripts/services.sh");
const RESTART: &str = include_str!("scripts/restart.sh");
const ANNOUNCE: &str = include_str!("scripts/announce.sh");
const CONFIRM: &str = include_str!("scripts/confirm.sh");
const FENCE: &str = include_str!("scripts/fence.sh");
const FREE: &str = include_str!("scripts/free.sh");
const UNFENCE: &str = include_str!("scripts/unfence.sh");

/// A Linux server.
pub(super) struct LinuxHost {
    transport: Arc<dyn Transport>,
    /// Which machine this is, for errors.
    label: String,
    pin: Pin,
    guard: Guard,
    /// Where the machine keeps the lock and the fence.
    folder: String,
}

impl LinuxHost {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        label: String,
        pin: Pin,
        guard: Guard,
        folder: String,
    ) -> Self {
        Self {
            transport,
            label,
            pin,
            guard,
            folder,
        }
    }

    /// Says what was being done when something failed.
    fn told<T>(&self, doing: &str, result: Result<T, HostErrorKind>) -> Result<T, HostError> {
        result.map_err(|kind| HostError {
            what: format!("{doing} on {}", self.label),
            kind,
        })
    }

    async fn look(&self) -> Result<Look, HostErrorKind> {
        Ok(Look(
            self.operate(Kind::Look, &[FACTS], Values::new()).await?,
        ))
    }

    /// Looks, and refuses a machine that cannot take part.
    async fn look_to_change(&self) -> Result<Look, HostErrorKind> {
        let look = self.look().await?;
        let refusals = look.facts()?.refusals;
        if refusals.is_empty() {
            Ok(look)
        } else {
            Err(unsupported(refusals.join("; ")))
        }
    }

    async fn take_snapshot(&self) -> Result<HostSnapshot, HostErrorKind> {
        let look = self.look().await?;
        let mut sealed = Vec::new();
        if look.facts()?.domain_joined {
            let secrets = self.operate(Kind::Look, &[SECRETS], Values::new()).await?;
            own_keytab(&secrets)?;
            for name in ["secrets", "keytab"] {
                if let Some(bytes) = secrets.bytes(name) {
                    sealed.push(Sealed {
                        name: name.to_owned(),
                        bytes: bytes.clone(),
                    });
                }
            }
        }
        Ok(HostSnapshot {
            value: look.value()?,
            sealed,
        })
    }

    async fn ask_membership(
        &self,
        question: &MembershipQuestion,
    ) -> Result<Membership, HostErrorKind> {
        let values = Values::new().with("DC", &question.dc);
        let lines = self.operate(Kind::Look, &[MEMBERSHIP], values).await?;
        let secret_present = lines.has("secret");
        let dc_reachable = lines.has("reachable");
        let trusted = match (lines.has("trusted"), secret_present, dc_reachable) {
            (true, ..) => Some(true),
            (false, true, false) => None,
            (false, ..) => Some(false),
        };
        let said = lines.get("said").map(|said| operation::last_lines(&said));
        let saw = format!(
            "machine password {}; {}",
            if secret_present { "present" } else { "absent" },
            said.unwrap_or_else(|| format!("accepted by {}", question.dc)),
        );
        Ok(Membership {
            secret_present,
            trusted,
            dc_reachable,
            netbios_name: lines.get("netbios_name").unwrap_or_default(),
            keytab_present: lines.has("keytab"),
            saw,
        })
    }

    async fn do_join(
        &self,
        credential: &JoinCredential,
        target: &JoinTarget,
    ) -> Result<(), HostErrorKind> {
        let look = self.look_to_change().await?;
        let configured = look.smb("realm").unwrap_or_default();
        let ads = look
            .smb("security")
            .is_some_and(|s| s.eq_ignore_ascii_case("ads"));
        if !ads || !configured.eq_ignore_ascii_case(&target.realm) {
            return Err(unsupported(format!(
                "smb.conf must have `security = ads` and `realm = {}` before the machine can join (its realm is `{configured}`)",
                target.realm
            )));
        }
        let values = Values::new()
            .with("USERNAME", &credential.username)
            .with("PASSWORD", credential.password.expose_secret())
            .with("DC", &target.dc)
            .with("CONTAINER", target.container.as_deref().unwrap_or_default());
        let lines = self
            .operate(Kind::Change, &[JOIN], values)
            .await
            .map_err(|kind| domain::meaning(kind, &credential.username))?;
        if let Some(said) = lines.get("said").filter(|said| said.contains("DNS")) {
            tracing::warn!(host = %self.label, said = %operation::last_lines(&said), "the join says of DNS");
        }
        Ok(())
    }

    async fn do_leave(&self, credential: &JoinCredential, dc: &str) -> Result<(), HostErrorKind> {
        self.look_to_change().await?;
        let values = Values::new()
            .with("USERNAME", &credential.username)
            .with("PASSWORD", credential.password.expose_secret())
            .with("DC", dc);
        let left = self.operate(Kind::Change, &[LEAVE], values).await;
        left.map(drop)
            .map_err(|kind| domain::meaning(kind, &credential.username))
    }

    async fn do_merge_keytab(&self, more: &[u8]) -> Result<(), HostErrorKind> {
        let now = self.operate(Kind::Look, &[SECRETS], Values::new()).await?;
        let old = own_keytab(&now)?.unwrap_or_default();
        let new = zeroize::Zeroizing::new(
            edit::keytab::merge(old, more).map_err(|error| unsupported(error.to_string()))?,
        );
        let values = Values::new()
            .with("KEYTAB_OLD_B64", old)
            .with("KEYTAB_NEW_B64", new.as_slice());
        self.operate(Kind::Change, &[KEYTAB], values)
            .await
            .map(drop)
    }

    async fn has_keys(&self, keytab: &[u8]) -> Result<bool, HostErrorKind> {
        let now = self.operate(Kind::Look, &[SECRETS], Values::new()).await?;
        let Some(own) = own_keytab(&now)? else {
            return Ok(false);
        };
        let merged =
            edit::keytab::merge(own, keytab).map_err(|error| unsupported(error.to_string()))?;
        Ok(merged.as_slice() == own)
    }

    async fn do_run_script(&self, script: &ScriptRun) -> Result<ScriptResult, HostErrorKind> {
        if script.shell != Shell::Sh {
            return Err(unsupported(
                "a Linux machine runs scripts for `sh` only".to_owned(),
            ));
        }
        let mut values = Values::new();
        for (name, value) in &script.env {
            let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let ours = name.to_ascii_lowercase().starts_with("sms_") || name.ends_with("_B64");
            let shells = ["PATH", "IFS", "ENV", "PS4", "OPTIND"].contains(&name.as_str());
            if !word || ours || shells {
                return Err(unsupported(format!(
                    "`{name}` cannot be the name of a script's value"
                )));
            }
            values = values.with(name, value.expose_secret());
        }
        let kind = match script.intent {
            ScriptIntent::Look => Kind::Look,
            ScriptIntent::Change => Kind::Change,
        };
        let text = format!("set +u; umask 022\n{}\n", script.text);
        let answer = self.guarded(kind, &text, values).await?;
        Ok(ScriptResult {
            code: answer.code,
            stdout: tail(&String::from_utf8_lossy(&answer.stdout)),
            stderr: tail(&answer.stderr),
        })
    }
}

#[async_trait]
impl Host for LinuxHost {
    fn pin(&self) -> Pin {
        self.pin.clone()
    }

    async fn facts(&self) -> Result<Facts, HostError> {
        let look = self.look().await;
        self.told("gather facts", look.and_then(|look| look.facts()))
    }

    async fn snapshot(&self) -> Result<HostSnapshot, HostError> {
        self.told("take the snapshot", self.take_snapshot().await)
    }

    async fn record(&self) -> Result<serde_json::Value, HostError> {
        let look = self.look().await;
        self.told(
            "look at what is recorded",
            look.and_then(|look| look.value()),
        )
    }

    async fn boot(&self) -> Result<String, HostError> {
        let text = &["out boot \"$(cat /proc/sys/kernel/random/boot_id)\"\n"];
        let lines = self.operate(Kind::Look, text, Values::new()).await;
        self.told(
            "ask for the boot identity",
            lines.and_then(|lines| lines.need("boot")),
        )
    }

    async fn settle(&self) -> Result<(), HostError> {
        let settled = self.operate(Kind::Settle, &[], Values::new()).await;
        self.told("wait for the last operation", settled.map(drop))
    }

    async fn account(&self, name: &str) -> Result<AccountState, HostError> {
        let ask = async {
            account_name(name)?;
            let lines = self
                .operate(Kind::Look, &[ACCOUNT], Values::new().with("NAME", name))
                .await?;
            Ok(AccountState {
                exists: lines.get("exists").as_deref() == Some("yes"),
                marker_run: lines
                    .get("comment")
                    .and_then(|c| c.strip_prefix("sms-plan ").map(str::to_owned)),
                password_set: lines.has("password"),
                key_set: lines.has("key"),
                administrator: lines.has("administrator"),
                processes: lines
                    .get("processes")
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(0),
            })
        };
        self.told(&format!("look at the account `{name}`"), ask.await)
    }

    async fn membership(&self, question: &MembershipQuestion) -> Result<Membership, HostError> {
        self.told(
            "look at the domain membership",
            self.ask_membership(question).await,
        )
    }

    async fn naming(&self, naming: &Naming) -> Result<Vec<Part>, HostError> {
        self.told("look at the name", self.naming_parts(naming).await)
    }

    async fn network(&self) -> Result<Vec<Adapter>, HostError> {
        let look = self.look().await;
        self.told(
            "look at the network adapters",
            look.and_then(|look| look.adapters()),
        )
    }

    async fn mapping(&self, change: &NetworkChange) -> Result<Vec<Part>, HostError> {
        self.told(
            &format!("look at the adapter `{}`", change.adapter),
            self.mapping_parts(change).await,
        )
    }

    async fn alternates(&self, names: &[String]) -> Result<Vec<Part>, HostError> {
        let look = self.look().await;
        self.told(
            "look at the alternate names",
            look.map(|look| names::alternate_parts(&look, names)),
        )
    }

    async fn services(&self) -> Result<Services, HostError> {
        let lines = self.operate(Kind::Look, &[SERVICES], Values::new()).await;
        let services = lines.map(|lines| {
            let waiting_for = lines.all("waiting");
            Services {
                ready: waiting_for.is_empty(),
                waiting_for,
            }
        });
        self.told("look at the services", services)
    }

    async fn keytab_holds(&self, keytab: &[u8]) -> Result<bool, HostError> {
        self.told("look at the keytab", self.has_keys(keytab).await)
    }

    async fn free_mib(&self, path: &str) -> Result<u64, HostError> {
        let values = Values::new().with("AT", path);
        let lines = self.operate(Kind::Look, &[FREE], values).await;
        let free = lines.and_then(|lines| {
            lines
                .need("free")?
                .parse()
                .map_err(|_| HostErrorKind::Answer {
                    words: "the free space is no number".to_owned(),
                })
        });
        self.told(&format!("look for room at `{path}`"), free)
    }

    async fn token_filter(&self) -> Result<Option<u32>, HostError> {
        self.told("look at the token filter policy", Err(no_token_filter()))
    }

    async fn obeys(&self) -> Result<Option<Obeyed>, HostError> {
        let look = async {
            let lines = self.operate(Kind::Look, &[FENCE], Values::new()).await?;
            let Some(run) = lines.get("run") else {
                return Ok(None);
            };
            let run = RunId::new(run.as_str()).map_err(|error| HostErrorKind::Answer {
                words: format!("its fence names no run: {error}"),
            })?;
            let words = lines.need("words")?;
            Ok(Some(Obeyed { run, words }))
        };
        self.told("look at the fence", look.await)
    }

    async fn set_fence(&self) -> Result<(), HostError> {
        let fenced = self.operate(Kind::Fence, &[], Values::new()).await;
        self.told("set the fence", fenced.map(drop))
    }

    async fn clear_fence(&self) -> Result<(), HostError> {
        let cleared = self.operate(Kind::Unfence, &[UNFENCE], Values::new()).await;
        self.told("remove the fence", cleared.map(drop))
    }

    async fn create_account(&self, account: &NewAccount) -> Result<(), HostError> {
        let name = &account.name;
        let create = async {
            account_name(name)?;
            let password = account.password.expose_secret();
            if password.is_empty() || password.contains(['\n', '\r', '\0']) {
                return Err(unsupported(
                    "the password cannot be given to `chpasswd`".to_owned(),
                ));
            }
            let values = Values::new()
                .with("NAME", name)
                .with("PASSWORD", password)
                .with(
                    "PUBLIC_KEY",
                    account.public_key.as_deref().unwrap_or_default().trim(),
                );
            self.operate(Kind::Change, &[ACCOUNT_CREATE], values)
                .await
                .map(drop)
        };
        self.told(&format!("create the account `{name}`"), create.await)
    }

    async fn remove_account(&self, name: &str) -> Result<(), HostError> {
        let remove = async {
            account_name(name)?;
            self.operate(
                Kind::Change,
                &[ACCOUNT_REMOVE],
                Values::new().with("NAME", name),
            )
            .await
            .map(drop)
        };
        self.told(&format!("remove the account `{name}`"), remove.await)
    }

    async fn leave(&self, credential: &JoinCredential, dc: &str) -> Result<(), HostError> {
        self.told("leave the domain", self.do_leave(credential, dc).await)
    }

    async fn join(
        &self,
        credential: &JoinCredential,
        target: &JoinTarget,
    ) -> Result<(), HostError> {
        self.told(
            &format!("join the domain `{}`", target.realm),
            self.do_join(credential, target).await,
        )
    }

    async fn rename(&self, naming: &Naming) -> Result<(), HostError> {
        self.told(
            &format!("rename to `{}`", naming.to),
            self.do_rename(naming).await,
        )
    }

    async fn map_network(&self, change: &NetworkChange) -> Result<(), HostError> {
        self.told(
            &format!("change the adapter `{}`", change.adapter),
            self.do_map(change).await,
        )
    }

    async fn confirm_network(&self, change: &NetworkChange) -> Result<(), HostError> {
        let confirm = async {
            network::plain_token(&change.token)?;
            let values = Values::new().with("TOKEN", &change.token);
            let lines = self.operate(Kind::Look, &[CONFIRM], values).await?;
            match lines.need("answer")?.as_str() {
                "kept" => Ok(()),
                "back" => Err(HostErrorKind::TakenBack {
                    words: format!(
                        "nobody confirmed it within {} s",
                        change.confirm_within.as_secs()
                    ),
                }),
                _ => Err(HostErrorKind::TakenBack {
                    words: "whoever waited for the confirmation on the machine is gone; map again"
                        .to_owned(),
                }),
            }
        };
        self.told(
            &format!("keep the change of the adapter `{}`", change.adapter),
            confirm.await,
        )
    }

    async fn announce(&self, addresses: &[String]) -> Result<Vec<Part>, HostError> {
        let announce = async {
            let values = Values::new().with("ADDRESSES", addresses.join("\n"));
            let lines = self.operate(Kind::Look, &[ANNOUNCE], values).await?;
            let part = |done| move |(name, saw)| Part { name, done, saw };
            let mut parts: Vec<Part> = lines.under("yes.").into_iter().map(part(true)).collect();
            parts.extend(lines.under("no.").into_iter().map(part(false)));
            Ok(parts)
        };
        self.told("announce addresses", announce.await)
    }

    async fn restart(&self, boot: &str) -> Result<RestartAnswer, HostError> {
        let asked = self
            .operate(Kind::Change, &[RESTART], Values::new().with("BOOT", boot))
            .await;
        self.told(
            "restart",
            match asked {
                Ok(lines) if lines.get("boot").as_deref() == Some("another") => {
                    Ok(RestartAnswer::AnotherBoot)
                }
                // The machine goes down under its own answer as often as not.
                Ok(_) | Err(HostErrorKind::ConnectionLost { .. }) => Ok(RestartAnswer::Asked),
                Err(kind) => Err(kind),
            },
        )
    }

    async fn set_alternates(&self, names: &[String], realm: &str) -> Result<(), HostError> {
        self.told(
            "set the alternate names",
            self.do_set_alternates(names, realm).await,
        )
    }

    async fn remove_alternates(&self) -> Result<(), HostError> {
        self.told(
            "remove the alternate names",
            self.do_remove_alternates().await,
        )
    }

    async fn merge_keytab(&self, keytab: &[u8]) -> Result<(), HostError> {
        self.told("merge the keytab", self.do_merge_keytab(keytab).await)
    }

    async fn restore_domain_secrets(&self, secrets: &DomainSecrets) -> Result<(), HostError> {
        let keytab = secrets
            .keytab
            .as_ref()
            .map(|keytab| keytab.as_slice())
            .unwrap_or_default();
        let values = Values::new()
            .with("SECRETS_B64", secrets.secrets.as_slice())
            .with("KEYTAB_B64", keytab);
        let restored = self
            .operate(Kind::Change, &[MEMBERSHIP_RESTORE], values)
            .await;
        self.told("restore the membership's secrets", restored.map(drop))
    }

    async fn restore_names(&self, snapshot: &serde_json::Value) -> Result<(), HostError> {
        self.told("restore the names", self.do_restore_names(snapshot).await)
    }

    async fn set_token_filter(&self, _value: Option<u32>) -> Result<(), HostError> {
        self.told("set the token filter policy", Err(no_token_filter()))
    }

    async fn run_script(&self, script: &ScriptRun) -> Result<ScriptResult, HostError> {
        self.told("run the script", self.do_run_script(script).await)
    }
}

/// The machine's own keytab, where it has one; one that is not whole is looked at again, as a domain
/// member writes it in place.
fn own_keytab(now: &operation::Lines) -> Result<Option<&[u8]>, HostErrorKind> {
    let Some(own) = now.bytes("keytab") else {
        return Ok(None);
    };
    match edit::keytab::check(own) {
        Ok(()) => Ok(Some(own)),
        Err(error) => Err(HostErrorKind::HalfWritten {
            path: "the machine's keytab".to_owned(),
            words: error.to_string(),
        }),
    }
}

fn unsupported(words: String) -> HostErrorKind {
    HostErrorKind::Unsupported { words }
}

fn no_token_filter() -> HostErrorKind {
    unsupported("`LocalAccountTokenFilterPolicy` exists on Windows only".to_owned())
}

/// The scripts look the name up with `grep`, where a stranger sign would be a pattern.
fn account_name(name: &str) -> Result<(), HostErrorKind> {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && name.len() <= 32;
    if plain {
        Ok(())
    } else {
        Err(unsupported(format!(
            "`{name}` cannot name an account on Linux"
        )))
    }
}

/// What of a script's words is kept.
fn tail(text: &str) -> String {
    const MOST: usize = 64 << 10;
    let mut from = text.len().saturating_sub(MOST);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}
