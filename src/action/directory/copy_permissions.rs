//! `directory.copy_permissions`: gives the destination's computer object the explicit permissions
//! of the source's (the document's row 6).

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::action::world::refused;
use crate::directory::Ace;
use crate::directory::Parts;
use crate::directory::SecurityDescriptor;
use crate::plan::Moot;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;

/// Copies the source object's explicit permissions to the destination's object. Inherited ones
/// stay those of the object's own place in the directory.
pub(crate) struct CopyPermissions;

/// The destination's descriptor before and after, in base64.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    before: String,
    after: String,
}

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[Cause::any(
    "the domain controller is slow or does not answer",
)];

#[async_trait]
impl Action for CopyPermissions {
    fn signature(&self) -> Signature {
        Signature {
            uses: "directory.copy_permissions",
            allows: &[Place::Directory],
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "copies the source object's explicit permissions to the destination's object",
            nature: Nature::change("copying permissions")
                .back("puts the object's own permissions back")
                .moot(&[Moot {
                    fact: "domainJoined",
                    is: "false",
                    words: "it has no computer account whose permissions could be copied",
                }]),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(15, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let destination = cx.computer_before(Place::Destination)?.guid;
        let now = cx
            .directory()?
            .descriptor(&destination, Parts::DACL)
            .await?;
        if cx.token.is_null() {
            return by_hand(cx, &now).await;
        }
        let Note { before, after } = cx.noted()?;
        let (before, after) = (read(&before)?, read(&after)?);
        let count = now.explicit().len();
        Ok(if same(&now, &after) {
            Probe::after(
                format!("the object has the {count} explicit permissions"),
                outcome(&after),
            )
        } else if same(&now, &before) {
            Probe::new(Standing::Before, "the object has its own permissions")
        } else {
            Probe::new(
                Standing::Foreign,
                "the destination object's permissions are neither the old nor the new ones: \
                 somebody else changed them",
            )
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let directory = cx.directory()?;
        let source = cx.computer_before(Place::Source)?.guid;
        let destination = cx.computer_before(Place::Destination)?.guid;
        let source = directory.descriptor(&source, Parts::DACL).await?;
        let before = directory.descriptor(&destination, Parts::DACL).await?;
        let explicit: Vec<Ace> = source.explicit().into_iter().cloned().collect();
        let note = Note {
            before: write(&before)?,
            after: write(&before.with_explicit(&explicit))?,
        };
        Ok(Prepared {
            token: json!(note),
            ..Prepared::default()
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let Note { before, after } = cx.noted()?;
        let (before, after) = (read(&before)?, read(&after)?);
        let destination = cx.computer_before(Place::Destination)?.guid;
        cx.directory()?
            .replace_dacl(&destination, &before, &after)
            .await?;
        Ok(outcome(&after))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let Note { before, after } = cx.noted()?;
        let destination = cx.computer_before(Place::Destination)?.guid;
        Ok(cx
            .directory()?
            .replace_dacl(&destination, &read(&after)?, &read(&before)?)
            .await?)
    }

    fn book(&self, cx: &Context) -> Manual {
        let dn = |place: Place| {
            cx.computer_before(place).map_or_else(
                |_| format!("DN-OF-{}", place.to_string().to_ascii_uppercase()),
                |computer| computer.dn,
            )
        };
        let (source, destination) = (dn(Place::Source), dn(Place::Destination));
        let manual = Manual::new().say(format!(
            "The explicit permissions of the source's object are added to the destination's \
             ({destination})."
        ));
        let windows = [Place::Source, Place::Destination]
            .iter()
            .any(|place| Server::of(cx, *place).windows);
        if windows {
            return manual
                .say("In PowerShell with the Active Directory module:")
                .type_in(format!(
                    r"$from = Get-Acl 'AD:\{source}'; $to = Get-Acl 'AD:\{destination}'"
                ))
                .type_in(
                    "$from.Access | Where-Object { -not $_.IsInherited } | ForEach-Object { \
                     $to.AddAccessRule($_) }",
                )
                .type_in(format!(r"Set-Acl 'AD:\{destination}' $to"))
                .look(
                    format!("dsacls '{destination}'"),
                    "Each entry of the source that is not inherited is listed.",
                );
        }
        manual
            .say("On a domain controller, note each entry without the flag ID (those with it are inherited):")
            .type_in(format!("samba-tool dsacl get --objectdn='{source}'"))
            .say("Then for each:")
            .type_in(format!(
                "samba-tool dsacl set --objectdn='{destination}' --sddl='ENTRY'"
            ))
            .look(
                format!("samba-tool dsacl get --objectdn='{destination}'"),
                "Each entry is listed.",
            )
    }

    fn book_back(&self, cx: &Context) -> Manual {
        let dn = cx
            .computer_before(Place::Destination)
            .map(|computer| computer.dn);
        Manual::new().say(format!(
            "The permissions that {} had are in this run's journal, to the byte, and `resume` puts them \
             back as soon as the directory answers; neither server is needed for that. By hand nobody \
             can tell which of the entries it had before.",
            dn.unwrap_or_else(|_| "the destination's object".to_owned())
        ))
    }
}

/// Whether a person has added the source's entries, where this stage itself has not begun.
async fn by_hand(cx: &Context, now: &SecurityDescriptor) -> Result<Probe, ActionError> {
    let source = cx.computer_before(Place::Source)?.guid;
    let source = cx.directory()?.descriptor(&source, Parts::DACL).await?;
    let there: Vec<String> = now
        .explicit()
        .iter()
        .map(|entry| format!("{entry:?}"))
        .collect();
    let missing = source
        .explicit()
        .iter()
        .filter(|entry| !there.contains(&format!("{entry:?}")))
        .count();
    Ok(if missing == 0 {
        Probe::after(
            "the object has every explicit permission of the source's",
            outcome(now),
        )
    } else {
        let saw = format!("{missing} explicit permissions of the source's object are missing");
        Probe::new(Standing::Before, saw)
    })
}

/// The same entries, in whatever order: a server may sort them its own way.
fn same(one: &SecurityDescriptor, other: &SecurityDescriptor) -> bool {
    let sorted = |of: &SecurityDescriptor| {
        let mut entries: Vec<String> = of
            .explicit()
            .into_iter()
            .map(|entry| format!("{entry:?}"))
            .collect();
        entries.sort();
        entries
    };
    sorted(one) == sorted(other)
}

fn outcome(after: &SecurityDescriptor) -> Outcome {
    Outcome::output(json!({ "explicitPermissions": after.explicit().len() }))
}

fn read(text: &str) -> Result<SecurityDescriptor, ActionError> {
    let bytes = BASE64_STANDARD
        .decode(text)
        .map_err(|error| refused(&error))?;
    SecurityDescriptor::from_bytes(&bytes).map_err(|error| refused(&error))
}

fn write(descriptor: &SecurityDescriptor) -> Result<String, ActionError> {
    Ok(BASE64_STANDARD.encode(descriptor.to_bytes().map_err(|error| refused(&error))?))
}
