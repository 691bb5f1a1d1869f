//! `account.create`: creates the temporary local administrator.

use async_trait::async_trait;
use rand::Rng;
use rand::seq::IndexedRandom as _;
use rand::seq::SliceRandom as _;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::RIGHTS;
use super::SERVERS;
use super::in_domain;
use super::is_ours;
use super::key::NewKey;
use super::original_credentials;
use super::removal;
use super::stranger;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::action::world::TEMPORARY_ACCOUNT;
use crate::action::world::refused;
use crate::action::world::temporary_key;
use crate::action::world::temporary_password;
use crate::host::NewAccount;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Sealed;
use crate::run::Standing;

/// Length of the password in characters (the document's rows 11 and 22).
const PASSWORD_CHARACTERS: usize = 127;
/// Each class occurs; none of the characters is special to shells, XML or PAM.
const CLASSES: [&str; 4] = [
    "abcdefghijkmnopqrstuvwxyzäöüßéèñαβγδεζλμπσφωабвгдежзиклмн",
    "ABCDEFGHJKLMNPQRSTUVWXYZÄÖÜÉÑΓΔΘΛΞΠΣΦΩБГДЖЗИЛПФЦЧШЭЮЯ",
    "0123456789",
    "+-_.,:=%@^~",
];

/// Creates the temporary local administrator, with a sealed password for the console and a key of
/// this run for the run itself.
pub(crate) struct Create;

/// What all attempts agree on; the secrets are sealed, not here. Without a key the account logs on
/// by its password, or there is none (in a workgroup).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    public_key: Option<String>,
}

#[async_trait]
impl Action for Create {
    fn signature(&self) -> Signature {
        Signature {
            uses: "account.create",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "creates the temporary local administrator",
            nature: Nature::change("the temporary account")
                .back("removes the temporary account")
                .moot(super::NO_ACCOUNT),
        }
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        &["account.remove"]
    }

    fn pace(&self) -> Pace {
        Pace::seconds(15, &[])
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        if !in_domain(cx)? {
            return Ok(Probe::after(
                "no account is needed",
                Outcome::output(original_credentials()),
            ));
        }
        let account = cx.host().await?.account(TEMPORARY_ACCOUNT).await?;
        Ok(if !account.exists {
            Probe::new(Standing::Before, "there is no such account")
        } else if !is_ours(&account, cx) {
            Probe::new(Standing::Foreign, stranger(&account))
        } else if account.ready(cx.world.logs_on_by_key(cx.place())) {
            Probe::after("the account of this run is complete", created())
        } else {
            Probe::new(Standing::Between, "the account of this run is not complete")
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        if !in_domain(cx)? {
            return Ok(Prepared {
                token: json!(Note { public_key: None }),
                ..Prepared::default()
            });
        }
        let comment = format!("sms-plan {}", cx.view.run);
        let chance = cx.world.chance();
        let by_key = cx.world.logs_on_by_key(cx.place());
        let key = by_key.then(|| chance.draw(|random| NewKey::draw(random, &comment)));
        let password = chance.draw(new_password);
        let seal = |name: String, text: Zeroizing<String>| Sealed {
            name,
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
        };
        let mut secrets = vec![seal(temporary_password(cx.place()), password)];
        let mut public_key = None;
        if let Some(key) = key {
            secrets.push(seal(temporary_key(cx.place()), key.private));
            public_key = Some(key.public);
        }
        Ok(Prepared {
            token: json!(Note { public_key }),
            reach: None,
            secrets,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let Note { public_key } = cx.noted()?;
        if !in_domain(cx)? {
            return Ok(Outcome::output(original_credentials()));
        }
        create(cx, public_key).await?;
        Ok(created())
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let host = cx.host().await?;
        if is_ours(&host.account(TEMPORARY_ACCOUNT).await?, cx) {
            host.remove_account(TEMPORARY_ACCOUNT).await?;
        }
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        if Server::of(cx, cx.place()).windows {
            return Manual::new()
                .say(
                    "A person at the console needs no temporary account if a local administrator can \
                     sign in; prove that now. Else make one, with a password that you choose and keep:",
                )
                .type_in(format!("net user {TEMPORARY_ACCOUNT} * /add"))
                .type_in(format!("net localgroup Administrators {TEMPORARY_ACCOUNT} /add"))
                .see("It signs in at the console, and is an administrator.");
        }
        // With the marker by which this run knows its own account.
        let run = &cx.view.run;
        Manual::new()
            .type_in(format!(
                "useradd -m -s /bin/bash -c 'sms-plan {run}' {TEMPORARY_ACCOUNT}"
            ))
            .say("Choose a password, and keep it where you can get at it:")
            .type_in(format!("passwd {TEMPORARY_ACCOUNT}"))
            .type_in(format!(
                "echo '{TEMPORARY_ACCOUNT} ALL=(ALL) NOPASSWD: ALL' >{RIGHTS} && chmod 0440 {RIGHTS}"
            ))
            .look("visudo -c", "It must find no fault.")
    }

    fn book_back(&self, cx: &Context) -> Manual {
        removal(cx)
    }
}

/// Creates the account again as this run's stage on the same host made it; nothing where none did.
pub(super) async fn create_again(cx: &Context) -> Result<(), ActionError> {
    let made = cx.plan.stages.iter().find_map(|stage| {
        let here = stage.uses == "account.create" && stage.on == cx.place();
        cx.view.tokens.get(&stage.id).filter(|_| here)
    });
    let note = made.map(Note::deserialize).transpose();
    match note.map_err(|error| refused(&error))? {
        Some(Note { public_key }) if in_domain(cx)? => create(cx, public_key).await,
        _ => Ok(()),
    }
}

async fn create(cx: &Context, public_key: Option<String>) -> Result<(), ActionError> {
    let password = cx
        .secret(&temporary_password(cx.place()))
        .await?
        .ok_or_else(|| {
            ActionError::refused(format!(
                "the password of the temporary account on the {} is not in the store",
                cx.place()
            ))
        })?;
    let password = String::from_utf8(password.to_vec()).map_err(|error| refused(&error))?;
    let account = NewAccount {
        name: TEMPORARY_ACCOUNT.to_owned(),
        password: SecretString::from(password),
        public_key,
    };
    let host = cx.host().await?;
    host.create_account(&account).await?;
    // A return code proves nothing, and from here on this account is the way in.
    let seen = host.account(TEMPORARY_ACCOUNT).await?;
    if seen.ready(account.public_key.is_some()) {
        return Ok(());
    }
    Err(ActionError::passing(format!(
        "the account was reported as created, and is not complete on the {}",
        cx.place()
    )))
}

fn created() -> Outcome {
    Outcome::output(json!({ "mode": "temporary-account", "name": TEMPORARY_ACCOUNT }))
}

/// Draws a password in which every class of characters occurs.
fn new_password(mut random: &mut dyn Rng) -> Zeroizing<String> {
    let classes: Vec<Vec<char>> = CLASSES
        .iter()
        .map(|class| class.chars().collect())
        .collect();
    let all: Vec<char> = classes.concat();
    let mut password: Zeroizing<Vec<char>> =
        Zeroizing::new(Vec::with_capacity(PASSWORD_CHARACTERS));
    password.extend(classes.iter().filter_map(|class| class.choose(&mut random)));
    while password.len() < PASSWORD_CHARACTERS {
        password.extend(all.choose(&mut random));
    }
    password.shuffle(&mut random);
    Zeroizing::new(password.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_127_characters_of_every_class() {
        let password = new_password(&mut rand::rng());
        assert_eq!(password.chars().count(), PASSWORD_CHARACTERS);
        // UTF-16 is what Windows counts in.
        assert_eq!(password.encode_utf16().count(), PASSWORD_CHARACTERS);
        for class in CLASSES {
            assert!(password.chars().any(|c| class.contains(c)), "{class}");
        }
        assert_ne!(*password, *new_password(&mut rand::rng()));
    }
}
