//! Each answer that a look can give, provoked for every action: what the run does then, and what the
//! operator reads where it stops.

use std::fmt::Write as _;
use std::path::Path;

use sms_plan::action::{Registry, roots};
use sms_plan::rehearse::{Interruption, InterruptionKind, Rehearsal, Setting, rehearse_on};
use sms_plan::report::ending;
use sms_plan::run::{Event, EventKind, Place, RunId, RunState, StageId, Standing, WaitingFor};
use sms_plan::simulated::{Fault, FaultKind, Meddling};

use super::{edited, held, with};

const STANDINGS: [Standing; 5] = [
    Standing::Before,
    Standing::After,
    Standing::Between,
    Standing::Foreign,
    Standing::Unreachable,
];

const WINDOWS: &str = "windows-2019-domain";
const LINUX: &str = "linux-to-linux-domain";
const ACCOUNT: &str = "MsftSmsStorMigratSvc";

/// Stages of a user's own, after the shipped ones.
const OWN: &str = "
  - { id: own-script, description: d, on: source, uses: host.run, needs: [wait-destination-new-name], with: { script: touch x, probe: test -e x } }
  - { id: own-blind, description: d, on: source, uses: host.run, needs: [own-script], with: { script: touch y } }
  - { id: own-wait, description: d, on: orchestrator, uses: control.wait, needs: [own-blind], with: { expression: \"true\" } }
  - { id: own-assert, description: d, on: orchestrator, uses: control.assert, needs: [own-wait], with: { that: \"true\" } }
  - { id: own-note, description: d, on: orchestrator, uses: control.note, needs: [own-assert], with: { text: hello } }
  - { id: own-approval, description: d, on: orchestrator, uses: control.approve, needs: [own-note], with: { message: Go on? } }
";

/// How an answer is provoked.
enum How {
    /// Power is lost between the start and the effect.
    CutBefore,
    /// Power is lost between the effect and its record.
    CutAfter,
    /// The first, and meanwhile somebody else does something.
    Meanwhile(fn(RunId) -> Meddling),
    /// Somebody else has done something before it starts, and power is lost then.
    Earlier(fn(RunId) -> Meddling),
    /// The connection is lost while it acts.
    Lost(FaultKind),
    /// It cannot be, and why.
    Never(&'static str),
}

/// Where each action is looked at: the pair and the stage.
fn scene(uses: &str) -> (&'static str, &'static str) {
    match uses {
        "host.connect" => (LINUX, "connect-source"),
        "directory.copy_permissions" => (WINDOWS, "copy-permissions"),
        "account.clear" => (WINDOWS, "clear-source-account"),
        "account.create" => (WINDOWS, "create-source-account"),
        "account.remove" => (WINDOWS, "remove-source-account"),
        "token_filter.relax" => (WINDOWS, "relax-source-token-filter"),
        "token_filter.restore" => (WINDOWS, "restore-source-token-filter"),
        "domain.leave" => (LINUX, "leave-source"),
        "domain.join" => (LINUX, "join-destination"),
        "network.collect" => (LINUX, "collect-source-addresses"),
        "network.map" => (LINUX, "map-source-network"),
        "host.rename" => (LINUX, "rename-source"),
        "host.restart" => (WINDOWS, "restart-source-after-leave"),
        "host.wait" => (WINDOWS, "wait-source-after-leave"),
        "names.remove_alternates" => (WINDOWS, "remove-source-alternates"),
        "names.set_alternates" => (WINDOWS, "set-destination-alternates"),
        "host.run" => (LINUX, "own-script"),
        "control.approve" => (LINUX, "own-approval"),
        "control.wait" => (LINUX, "own-wait"),
        "control.assert" => (LINUX, "own-assert"),
        "control.note" => (LINUX, "own-note"),
        other => panic!("a new action, `{other}`: say here where it is looked at"),
    }
}

/// How an answer of an action is provoked.
fn how(uses: &str, standing: Standing) -> How {
    let looks = !Registry::standard().changes(uses);
    let place = match uses {
        "domain.join" | "names.set_alternates" => Place::Destination,
        _ => Place::Source,
    };
    match (standing, uses) {
        (Standing::Before, "account.clear") => How::Meanwhile(|run| {
            Meddling::MakesAccount(Place::Source, ACCOUNT.to_owned(), Some(run))
        }),
        // The rename has taken all names away; these are of somebody who came later.
        (Standing::Before, "names.remove_alternates") => How::Earlier(|_| late_names()),
        (Standing::Between, "names.remove_alternates") => How::Meanwhile(|_| late_names()),
        (Standing::Before, _) | (Standing::Foreign, "host.run") => How::CutBefore,

        (Standing::After, _) if looks => How::Never("it leaves nothing that could be found"),
        (Standing::After, _) => How::CutAfter,

        (Standing::Between, _) if looks => How::Never("it leaves nothing that could be half done"),
        (Standing::Between, "network.map") => How::Lost(FaultKind::ConnectionLostAfter),
        (
            Standing::Between,
            "domain.leave"
            | "domain.join"
            | "host.rename"
            | "account.create"
            | "names.set_alternates",
        ) => How::Lost(FaultKind::ConnectionLost),
        (Standing::Between, "host.run") => How::Never("only its script knows its parts"),
        (Standing::Between, _) => How::Never("it is one step, done or not"),

        (Standing::Foreign, "account.clear" | "account.create" | "account.remove") => {
            How::Meanwhile(|_| Meddling::MakesAccount(Place::Source, ACCOUNT.to_owned(), None))
        }
        (Standing::Foreign, "directory.copy_permissions") => {
            How::Meanwhile(|_| Meddling::ChangesPermissions("FS02".to_owned()))
        }
        (Standing::Foreign, "domain.leave") => {
            How::Meanwhile(|_| Meddling::DeletesObject("FS01".to_owned()))
        }
        (Standing::Foreign, "domain.join") => {
            How::Meanwhile(|_| Meddling::ReplacesObject("FS01".to_owned()))
        }
        (Standing::Foreign, "host.restart") => {
            How::Never("its start names the boot that is to end; any other one is its end")
        }
        (Standing::Foreign, _) if looks => How::Never("it changes nothing"),
        (Standing::Foreign, _) => {
            How::Never("there is one wanted state, and all others are a beginning of it")
        }

        (Standing::Unreachable, "directory.copy_permissions") => {
            How::Meanwhile(|_| Meddling::SilencesDomain)
        }
        (Standing::Unreachable, _) if uses.starts_with("control.") => {
            How::Never("no machine is asked")
        }
        (Standing::Unreachable, _) if place == Place::Destination => {
            How::Meanwhile(|_| Meddling::SwitchesOff(Place::Destination))
        }
        (Standing::Unreachable, _) => How::Meanwhile(|_| Meddling::SwitchesOff(Place::Source)),
    }
}

fn late_names() -> Meddling {
    let names = ["late", "later"].map(str::to_owned);
    Meddling::AddsAlternates(Place::Source, names.to_vec())
}

/// What the run made of the look: the answer as the journal has it, and what it did then.
fn answer(events: &[Event], stage: &str) -> Option<(Standing, String)> {
    let of_stage = events
        .iter()
        .filter(|event| event.stage.as_ref().is_some_and(|id| id.as_str() == stage));
    of_stage
        .map(|event| &event.kind)
        .find_map(|kind| match kind {
            EventKind::Started {
                standing: Some(standing),
                saw,
                ..
            } => {
                let does = match standing {
                    Standing::Between => "finished",
                    _ => "done again",
                };
                Some((*standing, format!("{does} ({})", saw.as_deref()?)))
            }
            EventKind::Succeeded {
                settled: Some(saw), ..
            } => Some((Standing::After, format!("recorded as done ({saw})"))),
            EventKind::Waiting { why, message, .. } => {
                let standing = match why {
                    WaitingFor::Judgement => Standing::Foreign,
                    WaitingFor::Machine => Standing::Unreachable,
                    _ => return None,
                };
                Some((standing, format!("paused ({message})")))
            }
            _ => None,
        })
}

/// The setting in which a stage is looked at.
fn set(pair: &str) -> Setting {
    let setting = edited(pair, |text| format!("{text}{OWN}"));
    with(setting, &["source.alternates=files,archive"])
}

/// Where the stage starts, and where it ends, in an undisturbed journal.
fn span(calm: &Rehearsal, stage: &str) -> (u64, u64) {
    let of_stage = calm
        .events
        .iter()
        .filter(|event| event.stage.as_ref().is_some_and(|id| id.as_str() == stage));
    let seqs: Vec<u64> = of_stage.map(|event| event.seq).collect();
    (seqs[0], seqs[seqs.len() - 1])
}

async fn provoked(setting: &Setting, calm: &Rehearsal, stage: &str, how: &How) -> Rehearsal {
    let (starts, ends) = span(calm, stage);
    let cut = |event, kind| vec![Interruption { event, kind }];
    let mut setting = setting.clone();
    match how {
        How::CutBefore | How::Meanwhile(_) => {
            setting.interruptions = cut(starts, InterruptionKind::PowerAfter);
        }
        // The resume writes two events of its own.
        How::Earlier(_) => {
            setting.interruptions = [starts - 1, starts + 2]
                .map(|event| {
                    let kind = InterruptionKind::PowerAfter;
                    Interruption { event, kind }
                })
                .to_vec();
        }
        How::CutAfter => setting.interruptions = cut(ends, InterruptionKind::PowerBefore),
        How::Lost(kind) => {
            let stage = StageId::new(stage).unwrap();
            setting.faults = vec![Fault { stage, kind: *kind }];
        }
        How::Never(_) => {}
    }
    let twin = setting.twin().unwrap();
    let hand = twin.clone();
    let mut meddled = false;
    rehearse_on(twin, &setting, &mut |event, run| {
        if let (
            EventKind::RunResumed { .. },
            How::Meanwhile(meddling) | How::Earlier(meddling),
            false,
        ) = (&event.kind, how, meddled)
        {
            hand.meddle(&meddling(run.id().clone()));
            meddled = true;
        }
    })
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_every_action() {
    let registry = Registry::standard();
    let settings = [set(WINDOWS), set(LINUX)];
    let calm = [held(&settings[0]).await, held(&settings[1]).await];
    let mut table = String::new();
    let mut wrong = Vec::new();
    for action in registry.all() {
        let uses = action.signature().uses;
        let (pair, stage) = scene(uses);
        let (setting, calm) = match pair {
            WINDOWS => (&settings[0], &calm[0]),
            _ => (&settings[1], &calm[1]),
        };
        let _infallible = writeln!(table, "{uses}");
        for standing in STANDINGS {
            let how = how(uses, standing);
            if let How::Never(why) = how {
                let _infallible = writeln!(table, "  {standing:?}: never: {why}");
                continue;
            }
            let stage = match (uses, standing) {
                ("host.run", Standing::Foreign) => "own-blind",
                _ => stage,
            };
            let rehearsal = provoked(setting, calm, stage, &how).await;
            let seen = answer(&rehearsal.events, stage);
            let Some((seen, did)) = seen.filter(|(seen, _)| *seen == standing) else {
                let lines: Vec<String> = rehearsal
                    .events
                    .iter()
                    .filter(|event| event.stage.as_ref().is_some_and(|id| id.as_str() == stage))
                    .map(|event| format!("{:?}", event.kind))
                    .collect();
                wrong.push(format!("{uses} {standing:?}: {lines:#?}"));
                continue;
            };
            let _infallible = writeln!(table, "  {seen:?}: {did}");
            if matches!(seen, Standing::Foreign | Standing::Unreachable) {
                assert_eq!(
                    rehearsal.run.state(),
                    RunState::Paused,
                    "{uses} {standing:?}"
                );
                let roots = roots(&setting.plan, &setting.inventory, Some(&rehearsal.run));
                let state = Path::new(".sms-plan");
                let text = ending(&setting.plan, &roots, &rehearsal.run, state);
                for line in text.trim().lines() {
                    let _infallible = writeln!(table, "    | {line}");
                }
            }
            if seen == Standing::Unreachable {
                // A person switches it on again, and resumes.
                let setting = Setting {
                    resumes: 1,
                    ..setting.clone()
                };
                let rehearsal = provoked(&setting, calm, stage, &how).await;
                ends_well(&rehearsal, uses, standing, &mut wrong);
            } else if seen != Standing::Foreign {
                ends_well(&rehearsal, uses, standing, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::assert_snapshot!(table);
}

/// The cutover is finished, but for the approval that nobody gives.
fn ends_well(rehearsal: &Rehearsal, uses: &str, standing: Standing, wrong: &mut Vec<String>) {
    let run = &rehearsal.run;
    let mut open = run.stages().filter(|(_, stage)| !stage.status.has_ended());
    let asked = open.all(|(shape, _)| shape.id.as_str() == "own-approval");
    if !asked || !rehearsal.end.wrongs.is_empty() {
        let why = super::why(run);
        wrong.push(format!(
            "{uses} {standing:?}: {why} {:?}",
            rehearsal.end.wrongs
        ));
    }
}
