//! Every kind of fault at every stage of the path, each followed by what a person would do.

use super::rehearsal::Rehearsal;
use super::rehearsal::RehearseError;
use super::rehearsal::Setting;
use super::rehearsal::rehearse;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::simulated::Fault;
use crate::simulated::FaultKind;

/// How often a person mends and resumes before it is given up.
const RESUMES: u32 = 3;

/// What became of one fault.
#[derive(Clone, Debug)]
pub struct FaultRow {
    /// The fault.
    pub fault: Fault,
    /// The rehearsal.
    pub rehearsal: Rehearsal,
}

/// Rehearses without faults, and then once for each kind at each stage that ran; leaves out those
/// that never strike, as there is nothing that could go wrong so.
pub async fn every_fault(setting: &Setting) -> Result<(Rehearsal, Vec<FaultRow>), RehearseError> {
    let calm = Setting {
        faults: Vec::new(),
        resumes: 0,
        ..setting.clone()
    };
    let undisturbed = rehearse(&calm, &mut |_, _| {}).await?;
    let mut rows = Vec::new();
    if undisturbed.run.state() != RunState::Succeeded {
        return Ok((undisturbed, rows));
    }
    let path: Vec<StageId> = undisturbed
        .run
        .stages()
        .filter(|(_, stage)| stage.status == StageStatus::Succeeded)
        .map(|(shape, _)| shape.id.clone())
        .collect();
    for stage in path {
        for kind in FaultKind::ALL {
            let fault = Fault {
                stage: stage.clone(),
                kind,
            };
            let disturbed = Setting {
                faults: vec![fault.clone()],
                resumes: RESUMES,
                ..setting.clone()
            };
            let rehearsal = rehearse(&disturbed, &mut |_, _| {}).await?;
            if !rehearsal.struck.is_empty() {
                rows.push(FaultRow { fault, rehearsal });
            }
        }
    }
    Ok((undisturbed, rows))
}
