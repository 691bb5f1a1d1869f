//! `check` on the twin: it says yes to what a run comes through, names at once everything that would
//! stop one before its first change, and leaves nothing behind.

use std::sync::Arc;

use sms_plan::action::{Credentials, World, first_reach};
use sms_plan::engine::{Drive, SystemClock, begin, check};
use sms_plan::rehearse::{Setting, rehearse_on};
use sms_plan::run::{Answer, Asked, Place, RunId, StageId};
use sms_plan::simulated::{Meddling, Simulation};
use sms_plan::store::{KeySource, MemoryStore, Sealer, Store};
use zeroize::Zeroizing;

use super::{edited, example, example_with, held, with};

/// What is asked of a pair, of servers that are as its inventory says.
async fn checked(setting: &Setting) -> Vec<Asked> {
    checked_on(&setting.twin().unwrap(), setting, None).await
}

/// The same of servers that may be otherwise, where a run is as good as given up.
async fn checked_on(twin: &Simulation, setting: &Setting, gives_up: Option<RunId>) -> Vec<Asked> {
    let inventory = &setting.inventory;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut world = World::new(
        Arc::clone(inventory),
        Credentials::stand_ins(inventory),
        "a test".to_owned(),
    )
    .with_machines(twin.machines())
    .with_given_up(gives_up);
    if let Some(spec) = &inventory.directory {
        let username = &inventory.credentials[&spec.credential].username;
        world = world.with_directory(twin.directory(username));
    }
    let mut reach = first_reach(inventory);
    let reach = (
        reach.remove(&Place::Source).unwrap(),
        reach.remove(&Place::Destination).unwrap(),
    );
    let clock = SystemClock;
    let (none, decisions) = (Vec::new(), Vec::new());
    let plan = &setting.plan;
    let (lease, mut run) = begin(
        store.as_ref(),
        &clock,
        plan,
        inventory,
        reach,
        none,
        decisions,
    )
    .await
    .unwrap();
    let drive = Drive {
        plan: Arc::clone(plan),
        inventory: Arc::clone(inventory),
        registry: Arc::clone(&setting.registry),
        world: Arc::new(world),
        store,
        sealer: Sealer::new(KeySource::Given(Zeroizing::new([0; 32]))),
        lease,
        clock: Arc::new(clock),
        parallel: 1,
        until: None,
    };
    let (before, fences) = (twin.picture(), twin.end().fences);
    let asked = check(&drive, &mut run).await.unwrap();
    assert_eq!(before.differences(&twin.picture()), [""; 0]);
    assert_eq!(twin.end().fences, fences);
    asked
}

/// The questions that are not answered yes, one a line.
fn trouble(setting: &Setting, asked: &[Asked]) -> Vec<String> {
    let asked = asked.iter().filter(|one| one.answer != Answer::Yes);
    let line = |one: &Asked| {
        let answer = match &one.answer {
            Answer::Yes => String::new(),
            Answer::No(why) => format!("no: {}", why.join(": ")),
            Answer::Unanswered(why) => format!("nobody could tell: {}", why.join(": ")),
            Answer::NotAsked(on) => format!("not asked: {on}"),
        };
        format!(
            "{} {}: {answer}",
            setting.plan.stages[one.stage].id, one.question
        )
    };
    asked.map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_run_comes_through_is_answered_yes() {
    for name in [
        "linux-to-linux-domain",
        "linux-to-linux-workgroup",
        "linux-domain",
        "linux-domain-one-restart",
        "linux-workgroup",
        "windows-2003-domain",
        "windows-2019-domain",
        "windows-workgroup",
    ] {
        let setting = example(name);
        let asked = checked(&setting).await;
        assert_eq!(trouble(&setting, &asked), [""; 0], "{name}");
        let connects = asked.iter().filter(|one| one.question == "host.connect");
        assert_eq!(connects.count(), 2, "{name}: {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_stop_a_run_is_named_before_it() {
    for (name, assumption) in [
        ("windows-2019-domain", "source.owner=somebody"),
        ("linux-to-linux-domain", "directory.admin=false"),
        ("windows-2019-domain", "directory.admin=false"),
    ] {
        let setting = with(example(name), &[assumption]);
        let asked = checked(&setting).await;
        let found = trouble(&setting, &asked);
        let rehearsal = held(&setting).await;
        let mut stages = rehearsal.run.stages();
        let why = stages.find_map(|(_, stage)| stage.error.last().cloned());
        let why = why.expect("the run stops");
        assert!(
            found.iter().any(|line| line.ends_with(&why)),
            "{name} with {assumption} stops at: {why}\nthe check found:\n{}",
            found.join("\n")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_in_the_way_is_named_at_once() {
    let pair = "linux-to-linux-domain";
    let setting = example_with(pair, "newName: fs01-old", "newName: dc1");
    let setting = with(setting, &["directory.admin=false"]);
    let asked = checked(&setting).await;
    insta::assert_snapshot!(trouble(&setting, &asked).join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_builds_on_a_server_that_is_another_one_is_not_asked() {
    let pair = "linux-to-linux-domain";
    let twin = example(pair).twin().unwrap();
    let setting = example_with(pair, "osVersion: \"12\"", "osVersion: \"11\"");
    let asked = checked_on(&twin, &setting, None).await;
    insta::assert_snapshot!(trouble(&setting, &asked).join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_holds_the_servers_is_in_the_way_unless_it_is_given_up() {
    let setting = example("linux-to-linux-domain");
    let until = Some(StageId::new("connect-destination").unwrap());
    let earlier = Setting {
        until,
        ..setting.clone()
    };
    let twin = setting.twin().unwrap();
    let held = rehearse_on(twin.clone(), &earlier, &mut |_, _| {}).await;
    let run = held.unwrap().run.id().clone();
    let asked = checked_on(&twin, &setting, None).await;
    let found = trouble(&setting, &asked);
    for place in ["source", "destination"] {
        let words = format!(
            "connect-{place} host.connect: no: the {place} takes part in a run already: it obeys run {run}"
        );
        assert!(
            found.iter().any(|line| line.starts_with(&words)),
            "{found:?}"
        );
    }
    let asked = checked_on(&twin, &setting, Some(run)).await;
    assert_eq!(trouble(&setting, &asked), [""; 0]);
}

/// What a look asks that builds on a change is a question for the run.
#[tokio::test(start_paused = true)]
async fn what_only_a_run_can_answer_is_not_asked() {
    let wait = "  - id: wait-source-after-rename\n";
    let asks = format!("{wait}    preconditions: [{{ expr: 'run.id == \"x\"' }}]\n");
    let setting = edited("linux-to-linux-domain", |text| text.replace(wait, &asks));
    assert_eq!(trouble(&setting, &checked(&setting).await), [""; 0]);
}

/// A port that nobody listens at is a no; a directory that says nothing has not said no.
#[tokio::test(start_paused = true)]
async fn silence_is_an_answer_only_to_whether_somebody_listens() {
    let knocks = "      - { tcp: { ports: [22, 445] }, when: 'source.transport == \"ssh\"' }\n";
    let asks = format!("{knocks}      - name_free: {{ name: a }}\n");
    let setting = edited("linux-to-linux-domain", |text| text.replace(knocks, &asks));
    for (meddling, found) in [
        (Meddling::SwitchesOff(Place::Source), "tcp: no: "),
        (Meddling::SilencesDomain, "name_free: nobody could tell: "),
    ] {
        let twin = setting.twin().unwrap();
        twin.meddle(&meddling);
        let trouble = trouble(&setting, &checked_on(&twin, &setting, None).await);
        let first = trouble[0].strip_prefix("connect-source ").unwrap();
        assert!(first.starts_with(found), "{meddling:?}: {trouble:#?}");
    }
}
