//! Taken back from wherever a run stands: both servers, their accounts and their names are as at the
//! start, the source serves the old name, and what must never be never is.

use sms_plan::rehearse::{Interruption, InterruptionKind, Rehearsal, Setting, Then, rehearse_on};
use sms_plan::run::{EventKind, Place, RunState, StageId, StageStatus};
use sms_plan::simulated::{Fault, FaultKind, Meddling};

use super::any_run::PAIRS;
use super::any_run::held;
use super::example;

/// What a roll back must have come to, whatever was before it.
fn check(rehearsal: &Rehearsal, when: &str) {
    let Rehearsal {
        run,
        end,
        back,
        stops,
        ..
    } = rehearsal;
    let why = || stops.last().and_then(|stop| stop.why.clone());
    assert_eq!(run.state(), RunState::RolledBack, "{when}: {:?}", why());
    let back = back.as_ref().expect("a roll back");
    assert_eq!(back.differences, Vec::<String>::new(), "{when}");
    assert_eq!(end.wrongs, Vec::<String>::new(), "{when}");
    assert_eq!(end.served_by, Some(Place::Source), "{when}");
    assert_eq!(end.fences, [], "{when}");
    let told = run.back().expect("it was turned round");
    assert_eq!(told.differences, Vec::<String>::new(), "{when}");
}

/// The stages of a pair's path, in the order of the file.
fn path(setting: &Setting) -> Vec<StageId> {
    let stages = held(setting).run;
    let ran = stages
        .stages()
        .filter(|(_, stage)| stage.status == StageStatus::Succeeded);
    ran.map(|(shape, _)| shape.id.clone()).collect()
}

/// Every so many cases are tried; all with `SMS_PLAN_LONG`.
fn spread(every: usize) -> usize {
    if std::env::var_os("SMS_PLAN_LONG").is_some() {
        1
    } else {
        every
    }
}

#[test]
fn each_kind_stopped_at_each_stage_comes_back() {
    for (first, pair) in PAIRS.into_iter().enumerate() {
        for parallel in [1, 4] {
            let calm = Setting {
                parallel,
                ..example(pair)
            };
            let every = spread(8);
            for stage in path(&calm)
                .into_iter()
                .skip((first + parallel) % every)
                .step_by(every)
            {
                let when = format!("{pair}, --parallel {parallel}, until {stage}");
                let setting = Setting {
                    until: Some(stage),
                    then: Then::RollBack,
                    ..calm.clone()
                };
                check(&held(&setting), &when);
            }
        }
    }
}

/// These ended with something else before their rules were right.
#[test]
fn what_did_not_come_back_once_does() {
    let (pair, until) = ("linux-domain", "join-destination");
    let setting = Setting {
        until: Some(StageId::new(until).unwrap()),
        then: Then::RollBack,
        ..example(pair)
    };
    check(&held(&setting), &format!("{pair}, until {until}"));
}

/// The fence is set before the run has recorded which machine it met: the other server has its fence
/// when the power goes, and nothing of it is in the journal.
#[test]
fn a_first_connection_that_was_cut_off_leaves_no_record() {
    for pair in PAIRS {
        for stage in ["connect-source", "connect-destination"] {
            let fault = Fault {
                stage: StageId::new(stage).unwrap(),
                kind: FaultKind::PowerCut,
            };
            let when = format!("{pair}, {fault}");
            let setting = Setting {
                faults: vec![fault],
                then: Then::RollBack,
                parallel: 4,
                ..example(pair)
            };
            check(&held(&setting), &when);
        }
    }
}

/// Nothing of it was changed, so it does not keep the run from its end; but somebody should look.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_after_a_cut_off_first_connection_is_named() {
    let setting = Setting {
        faults: vec![Fault {
            stage: StageId::new("connect-source").unwrap(),
            kind: FaultKind::PowerCut,
        }],
        then: Then::RollBack,
        parallel: 4,
        ..example("windows-2019-domain")
    };
    let twin = setting.twin().unwrap();
    let hand = twin.clone();
    let rehearsal = rehearse_on(twin, &setting, &mut |event, _| {
        if let EventKind::RollBackBegun { .. } = event.kind {
            hand.meddle(&Meddling::SwitchesOff(Place::Destination));
        }
    })
    .await;
    let run = rehearsal.unwrap().run;
    assert_eq!(run.state(), RunState::RolledBack);
    let told = &run.back().expect("it was turned round").differences;
    let [line] = told.as_slice() else {
        panic!("one line, not {told:?}");
    };
    insta::assert_snapshot!(line, @r"the destination `fs02` (192.0.2.22) was never changed, but whether it holds this run's record could not be looked at: connect to destination `fs02` (192.0.2.22) as `EXAMPLE\fileadmin`: the machine does not answer: no answer");
}

/// The fences of a finished run are gone; nothing is undone before they stand again.
#[tokio::test(start_paused = true)]
async fn a_finished_run_has_its_servers_to_itself_again_before_anything_is_undone() {
    let setting = Setting {
        then: Then::RollBack,
        ..example("windows-2019-domain")
    };
    let twin = setting.twin().unwrap();
    let hand = twin.clone();
    let mut seen = Vec::new();
    let rehearsal = rehearse_on(twin, &setting, &mut |event, _| match event.kind {
        EventKind::RollBackBegun { .. } | EventKind::UndoStarted { .. } => {
            seen.push(hand.end().fences.len());
        }
        _ => {}
    })
    .await
    .unwrap();
    check(&rehearsal, "from the end");
    let (turned, undos) = seen.split_first().expect("it turned round");
    assert_eq!(*turned, 0);
    assert!(
        undos.len() > 10 && undos.iter().all(|&fences| fences == 2),
        "{undos:?}"
    );
}

#[test]
fn each_kind_comes_back_from_the_end() {
    for pair in PAIRS {
        let setting = Setting {
            then: Then::RollBack,
            ..example(pair)
        };
        check(&held(&setting), pair);
    }
}

#[test]
fn each_kind_failed_at_each_stage_comes_back() {
    let mut cases = Vec::new();
    for pair in PAIRS {
        for stage in path(&example(pair)) {
            cases.extend(FaultKind::ALL.map(|kind| (pair, stage.clone(), kind)));
        }
    }
    for (pair, stage, kind) in cases.into_iter().step_by(spread(29)) {
        let fault = Fault { stage, kind };
        let when = format!("{pair}, {fault}");
        let setting = Setting {
            until: Some(fault.stage.clone()),
            faults: vec![fault],
            then: Then::RollBack,
            resumes: 3,
            ..example(pair)
        };
        check(&held(&setting), &when);
    }
}

/// The power goes after an event of the way back, and a new process goes on.
#[test]
fn a_roll_back_cut_at_each_event_ends_the_same() {
    for (first, pair) in PAIRS.into_iter().enumerate() {
        let calm = Setting {
            then: Then::RollBack,
            ..example(pair)
        };
        let undisturbed = held(&calm);
        let turned = undisturbed.run.back().expect("a roll back").seq;
        let events = undisturbed.run.seq();
        let every = spread(13);
        let cuts = (turned + 1..=events).flat_map(|event| {
            [InterruptionKind::PowerBefore, InterruptionKind::PowerAfter]
                .map(|kind| Interruption { event, kind })
        });
        for cut in cuts.skip(first % every).step_by(every) {
            let setting = Setting {
                interruptions: vec![cut],
                ..calm.clone()
            };
            check(&held(&setting), &format!("{pair}, {cut:?} of {events}"));
        }
    }
}
