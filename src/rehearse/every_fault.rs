//! Every kind of fault at every stage of the path, each followed by what a person would do.

use super::rehearsal::Rehearsal;
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

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

/// Draws one to three faults at stages that run, from a seed.
pub async fn random_faults(setting: &Setting, seed: u64) -> Result<Vec<Fault>, RehearseError> {
    let calm = Setting {
        faults: Vec::new(),
        interruptions: Vec::new(),
        resumes: 0,
        ..setting.clone()
    };
    let path = path(&rehearse(&calm, &mut |_, _| {}).await?);
    let mut random = StdRng::seed_from_u64(seed);
    let count = random.random_range(1..=3);
    let mut faults = Vec::new();
    for _ in 0..count {
        let (Some(stage), Some(kind)) =
            (path.choose(&mut random), FaultKind::ALL.choose(&mut random))
        else {
            break;
        };
        faults.push(Fault {
            stage: stage.clone(),
            kind: *kind,
        });
    }
    Ok(faults)
}

/// The stages that ran.
fn path(rehearsal: &Rehearsal) -> Vec<StageId> {
    let stages = rehearsal.run.stages();
    stages
        .filter(|(_, stage)| stage.status == StageStatus::Succeeded)
        .map(|(shape, _)| shape.id.clone())
        .collect()
}

/// Rehearses without faults, and then once for each kind of fault at each stage that ran, where it is
/// chosen; leaves out those that never strike, as there is nothing that could go wrong so.
pub async fn every_fault(
    setting: &Setting,
    chosen: impl Fn(&Fault) -> bool,
) -> Result<(Rehearsal, Vec<FaultRow>), RehearseError> {
    let calm = Setting {
        faults: Vec::new(),
        interruptions: Vec::new(),
        resumes: 0,
        ..setting.clone()
    };
    let undisturbed = rehearse(&calm, &mut |_, _| {}).await?;
    let mut rows = Vec::new();
    if undisturbed.run.state() != RunState::Succeeded {
        return Ok((undisturbed, rows));
    }
    for stage in path(&undisturbed) {
        for kind in FaultKind::ALL {
            let fault = Fault {
                stage: stage.clone(),
                kind,
            };
            if !chosen(&fault) {
                continue;
            }
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
