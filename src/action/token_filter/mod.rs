//! `LocalAccountTokenFilterPolicy` (the document's rows 13, 61, 25 and 97; KB 951016).
//!
//! The registry value 1 turns the filtering off, so that a local administrator keeps his rights
//! over the network. The value that was there before (absent, 0 or 1) is restored exactly.

mod relax;
mod restore;

pub(super) use relax::Relax;
pub(super) use restore::Restore;

use super::ActionError;
use super::Context;
use super::Manual;
use crate::plan::Moot;
use crate::run::Place;

const SERVERS: &[Place] = &[Place::Source, Place::Destination];

const ON_WINDOWS_ONLY: &[Moot] = &[Moot {
    fact: "os",
    is: "linux",
    words: "the token filter policy exists on Windows only",
}];

/// Where the value lies.
const KEY: &str = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System";

/// The value that was there before this run; `None` where it was absent.
///
/// It comes from what `token_filter.relax` noted on the same host.
fn before(cx: &Context) -> Result<Option<u32>, ActionError> {
    let relax = cx
        .plan
        .stages
        .iter()
        .filter(|stage| stage.uses == "token_filter.relax" && stage.on == cx.place())
        .find_map(|stage| cx.view.tokens.get(&stage.id));
    let Some(token) = relax else {
        return Err(ActionError::refused(
            "no stage of this run has noted the policy's value, so it was not changed either",
        ));
    };
    Ok(token["before"]
        .as_u64()
        .and_then(|value| u32::try_from(value).ok()))
}

/// Sets the value and reads it back: a return code proves nothing.
async fn set(cx: &Context, value: Option<u32>) -> Result<(), ActionError> {
    let host = cx.host().await?;
    host.set_token_filter(value).await?;
    let now = host.token_filter().await?;
    if now == value {
        return Ok(());
    }
    Err(ActionError::passing(said(now)).while_doing(format!(
        "the policy was reported as set, and is not what it should be on the {}",
        cx.place()
    )))
}

/// How a person puts the value back that was there before this run.
fn put_back(cx: &Context) -> Manual {
    let query = format!("reg query {KEY} /v LocalAccountTokenFilterPolicy");
    match before(cx) {
        Ok(Some(value)) => Manual::new()
            .type_in(format!(
                "reg add {KEY} /v LocalAccountTokenFilterPolicy /t REG_DWORD /d {value} /f"
            ))
            .look(
                query,
                format!("The value is 0x{value:x}, as before the run."),
            ),
        Ok(None) => Manual::new()
            .type_in(format!(
                "reg delete {KEY} /v LocalAccountTokenFilterPolicy /f"
            ))
            .look(query, "The value is not found, as before the run."),
        Err(_) => Manual::new().say("No change is needed: this run has not changed the policy."),
    }
}

/// Says a value for a person.
fn said(value: Option<u32>) -> String {
    value.map_or_else(
        || "the value is absent".to_owned(),
        |value| format!("the value is {value}"),
    )
}
