//! Whatever goes wrong, wherever it is cut and however often it is resumed: the end is the finished
//! cutover or a pause that says why, and what must never be never is.

use proptest::prelude::*;
use proptest::sample::select;
use sms_plan::rehearse::{Interruption, InterruptionKind, Rehearsal, Setting, rehearse};
use sms_plan::run::{Place, RunState, StageId};
use sms_plan::simulated::{Fault, FaultKind};

use super::{example, shipped};

pub(super) const PAIRS: [&str; 9] = [
    "windows-2019-domain",
    "windows-2003-domain",
    "windows-workgroup",
    "windows-cluster",
    "linux-domain",
    "linux-domain-one-restart",
    "linux-workgroup",
    "linux-to-linux-domain",
    "linux-to-linux-workgroup",
];

/// A few at each run of the tests; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let given = std::env::var("PROPTEST_CASES");
    given.ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

fn stages() -> Vec<StageId> {
    shipped()
        .stages
        .iter()
        .map(|stage| stage.id.clone())
        .collect()
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = (select(stages()), select(FaultKind::ALL.to_vec()));
    let fault = fault.prop_map(|(stage, kind)| Fault { stage, kind });
    prop::collection::vec(fault, 0..6)
}

/// Power cuts of the orchestrator, and a person who stops it, at any event of the journal.
fn interruptions() -> impl Strategy<Value = Vec<Interruption>> {
    let interruption = (1_u64..160, select(InterruptionKind::ALL.to_vec()));
    let interruption = interruption.prop_map(|(event, kind)| Interruption { event, kind });
    prop::collection::vec(interruption, 0..4)
}

fn held(setting: &Setting) -> Rehearsal {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(rehearse(setting, &mut |_, _| {})).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn ends_well_or_says_why(
        pair in select(PAIRS.to_vec()),
        faults in faults(),
        interruptions in interruptions(),
        seed in 0_u64..1000,
        parallel in 1_usize..5,
        resumes in 0_u32..4,
    ) {
        let setting = Setting { seed, parallel, resumes, faults, interruptions, ..example(pair) };
        let Rehearsal { run, end, stops, .. } = held(&setting);
        // No address at two running servers, no two of one name, never without the identity.
        prop_assert_eq!(&end.wrongs, &Vec::<String>::new());
        if run.state() == RunState::Succeeded {
            prop_assert_eq!(&end.temporary_accounts, &[]);
            prop_assert_eq!(&end.fences, &[]);
            prop_assert!(end.token_filters.values().all(Option::is_none));
            prop_assert_eq!(end.served_by, Some(Place::Destination));
            // The identity has moved whole: the destination is a member by the source's own account.
            if let Some((guid, _)) = &end.identity {
                prop_assert_eq!(&end.members[&Place::Destination].guid, guid);
            }
        } else {
            let last = stops.last().unwrap();
            // Whoever has stopped it knows why.
            let says_why = last.why.is_some() || last.state == RunState::Stopped;
            prop_assert!(says_why, "{:?} without a word", last.state);
        }
    }
}
