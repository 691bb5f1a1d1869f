//! A step that a person did by hand comes into the run, and only that.

use serde_json::json;
use sms_plan::action::ActionErrorKind;
use sms_plan::engine::{AdoptError, EngineError, Word};
use sms_plan::run::{Account, EventKind, Place, Reach, RunState, StageStatus, Standing};

use super::bench::Bench;
use super::cut::Cut;
use super::stand::Fault;

const CHAIN: &str = "
    id: first, on: source
    id: second, on: source, needs: [first]
    id: never, needs: [first], when: \"inventory.metadata.name == 'other'\"
    id: third, on: destination, needs: [second]
";

fn word(unverified: bool) -> Word {
    Word {
        by: "admin@desk".to_owned(),
        reason: "the network was down".to_owned(),
        unverified,
    }
}

/// A run whose first stage has failed for good, taken over by a person.
async fn failed() -> Bench {
    let mut bench = Bench::new(CHAIN);
    bench.stand.order("first", &[Fault::Final]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    bench.take_over().await;
    bench
}

#[tokio::test(start_paused = true)]
async fn what_a_person_did_is_looked_at_recorded_and_not_done_again() {
    let mut bench = failed().await;
    bench.stand.put("first", 2);
    let adopted = bench
        .adopt("first", &word(false))
        .await
        .expect("it is done");
    assert!(adopted.verified);
    assert_eq!(adopted.saw, "2 of 2 halves are there");

    let run = bench.read();
    assert_eq!(run.stage(0).status, StageStatus::Adopted);
    assert_eq!(
        run.stage(0).output,
        json!({ "by": "first" }),
        "what the look has derived"
    );
    let journal = bench.store.journal(&bench.run);
    let Some(EventKind::Adopted {
        by,
        reason,
        verified,
        ..
    }) = journal.last().map(|e| &e.kind)
    else {
        panic!("{:#?}", bench.lines());
    };
    assert_eq!(
        (by.as_str(), reason.as_str(), *verified),
        ("admin@desk", "the network was down", true)
    );

    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(bench.stand.attempts(), ["first", "second", "third"]);
    bench.check("adopted");
}

#[tokio::test(start_paused = true)]
async fn several_steps_are_adopted_in_their_order() {
    let mut bench = failed().await;
    for stage in ["first", "second", "third"] {
        bench.stand.put(stage, 2);
    }
    let early = bench.adopt("second", &word(false)).await;
    assert!(matches!(early, Err(AdoptError::NotNow { .. })), "{early:?}");
    for stage in ["first", "second", "third"] {
        bench.adopt(stage, &word(false)).await.expect("it is done");
    }
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(
        bench.stand.attempts(),
        ["first"],
        "nothing is left for the run"
    );
    bench.check("adopted");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_recorded_when_the_machine_says_otherwise() {
    for (halves, says) in [(0, None), (1, None), (2, Some(Standing::Foreign))] {
        for unverified in [false, true] {
            let mut bench = failed().await;
            bench.stand.put("first", halves);
            if let Some(standing) = says {
                bench.stand.say("first", standing);
            }
            let before = bench.lines();
            let error = bench
                .adopt("first", &word(unverified))
                .await
                .expect_err("not done");
            assert!(matches!(error, AdoptError::NotDone { .. }), "{error:?}");
            let seen = format!("stage `first` is not done: {halves} of 2 halves are there");
            assert_eq!(error.to_string(), seen);
            assert_eq!(bench.lines(), before);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_look_can_tell_takes_a_persons_word() {
    let mut bench = failed().await;
    bench.stand.put("first", 2);
    bench.stand.say("first", Standing::Unreachable);
    let error = bench
        .adopt("first", &word(false))
        .await
        .expect_err("nobody could look");
    assert!(matches!(error, AdoptError::CannotTell { .. }), "{error:?}");
    let adopted = bench
        .adopt("first", &word(true))
        .await
        .expect("vouched for");
    assert!(!adopted.verified);
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(bench.stand.attempts(), ["first", "second", "third"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_told_by_what_it_met() {
    let mut bench = failed().await;
    bench.stand.fail_looks("first", ActionErrorKind::Fenced);
    let error = bench.adopt("first", &word(true)).await;
    let error = error.expect_err("another run drives the server");
    assert!(
        matches!(error, AdoptError::Engine(EngineError::Fenced(_))),
        "{error:?}"
    );
    bench.stand.fail_looks("first", ActionErrorKind::Final);
    let error = bench.adopt("first", &word(true)).await;
    let error = error.expect_err("the look itself is wrong");
    assert!(matches!(error, AdoptError::NotDone { .. }), "{error:?}");
    bench
        .stand
        .fail_looks("first", ActionErrorKind::Unreachable);
    let adopted = bench.adopt("first", &word(true)).await;
    assert!(!adopted.expect("vouched for").verified);
}

#[tokio::test(start_paused = true)]
async fn what_is_vouched_for_leads_to_where_the_attempt_would_have_led() {
    let mut bench = Bench::new(CHAIN);
    bench.begin().await;
    let moved = Reach {
        address: "192.0.2.99".to_owned(),
        name: "renamed".to_owned(),
        account: Account::Given,
    };
    let started = EventKind::Started {
        attempt: 1,
        token: serde_json::Value::Null,
        reach: Some(moved.clone()),
        standing: None,
        saw: None,
    };
    bench.write(Some("first"), started).await;
    bench.take_over().await;
    bench.stand.say("first", Standing::Unreachable);
    let adopted = bench.adopt("first", &word(true)).await;
    assert!(!adopted.expect("vouched for").verified);
    assert_eq!(bench.read().reach(Place::Source), Some(&moved));
}

/// A person may have done what the run has never begun, a change of the address included.
#[tokio::test(start_paused = true)]
async fn what_never_began_is_looked_for_where_it_would_have_led() {
    let mut bench = Bench::new("id: first, on: source, with: { leads: 192.0.2.99 }");
    bench.begin().await;
    bench.take_over().await;
    bench.stand.put("first", 2);
    let adopted = bench.adopt("first", &word(false)).await;
    assert!(adopted.expect("it answers there").verified);
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_or_is_off_the_path_is_not_adopted() {
    let mut bench = failed().await;
    let why = |error: AdoptError| match error {
        AdoptError::NotNow { why, .. } => why,
        other => panic!("{other:?}"),
    };
    let error = bench
        .adopt("third", &word(true))
        .await
        .expect_err("too early");
    assert_eq!(why(error), "it needs `second`, which has not ended");
    bench.stand.put("first", 2);
    bench
        .adopt("first", &word(false))
        .await
        .expect("it is done");
    let error = bench.adopt("first", &word(false)).await.expect_err("twice");
    assert_eq!(why(error), "it has ended already (adopted)");
    let error = bench
        .adopt("never", &word(true))
        .await
        .expect_err("not on the path");
    assert_eq!(
        why(error),
        "it is not on this run's path, `inventory.metadata.name == 'other'` is false here; `resume` \
         skips it by itself"
    );
    let error = bench
        .adopt("nobody", &word(true))
        .await
        .expect_err("no such stage");
    assert_eq!(why(error), "the run's plan does not have it");
}

#[tokio::test(start_paused = true)]
async fn what_the_run_would_skip_before_it_is_skipped_with_it() {
    use StageStatus::{Adopted, Pending, Skipped};

    let never = "when: \"inventory.metadata.name == 'other'\"";
    let stages = format!(
        "
        id: first, on: source
        id: never, needs: [first], {never}
        id: nor-this, needs: [never], {never}
        id: last, needs: [nor-this]
        id: beside, needs: [first], {never}
        "
    );
    let mut bench = Bench::new(&stages);
    bench.stand.order("first", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    bench.take_over().await;
    bench.stand.put("first", 2);
    bench
        .adopt("first", &word(false))
        .await
        .expect("it is done");
    let before = bench.lines();
    bench
        .adopt("last", &word(false))
        .await
        .expect_err("it is not done");
    assert_eq!(
        bench.lines(),
        before,
        "nothing is skipped for what is refused"
    );
    bench.stand.put("last", 2);
    bench.adopt("last", &word(false)).await.expect("it is done");
    let statuses: Vec<StageStatus> = bench
        .read()
        .stages()
        .map(|(_, stage)| stage.status)
        .collect();
    assert_eq!(statuses, [Adopted, Skipped, Skipped, Adopted, Pending]);
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("skipped");
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_is_adopted_by_looking() {
    let mut bench = Bench::new(
        "
        id: broken, on: source
        id: note, uses: control.note, with: { text: seen }
        id: ask, uses: control.approve, with: { message: Shall it go on? }
        ",
    );
    bench.stand.order("broken", &[Fault::Final]);
    bench.stand.order("note", &[Fault::Final]);
    bench.begin().await;
    bench.take_over().await;
    bench.adopt("note", &word(false)).await.expect("it looks");
    assert_eq!(bench.read().stage(1).output, json!({ "text": "seen" }));
    let error = bench
        .adopt("ask", &word(false))
        .await
        .expect_err("approve is the way");
    assert!(matches!(error, AdoptError::NotDone { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cut_around_the_append_leaves_it_whole_or_not_at_all() {
    for cut in [Cut::Before(0), Cut::After(0), Cut::Before(1), Cut::After(1)] {
        let mut bench = failed().await;
        bench.stand.put("first", 2);
        bench.store.cut(cut);
        let adopted = bench.adopt("first", &word(false)).await;
        let durable = bench.read().stage(0).status == StageStatus::Adopted;
        // An append that nobody hears of may be durable all the same; one that is heard of must be.
        assert!(durable || adopted.is_err(), "{cut:?}: {adopted:?}");
        bench.check("cut");

        bench.take_over().await;
        let again = bench.adopt("first", &word(false)).await;
        assert_eq!(again.is_ok(), !durable, "{cut:?}: {again:?}");
        let run = bench.go_on().await.expect("no cut");
        assert_eq!(run.state(), RunState::Succeeded, "{cut:?}");
        assert_eq!(run.stage(0).status, StageStatus::Adopted, "{cut:?}");
        assert_eq!(
            bench.stand.attempts(),
            ["first", "second", "third"],
            "{cut:?}"
        );
        bench.check("resumed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_lost_its_lease_adopts_nothing() {
    let mut bench = failed().await;
    bench.stand.put("first", 2);
    let lost = bench.lease();
    bench.take_over().await;
    bench.hold(lost);
    let before = bench.lines();
    let error = bench
        .adopt("first", &word(false))
        .await
        .expect_err("another holds it");
    assert!(matches!(error, AdoptError::Engine(_)), "{error:?}");
    assert_eq!(bench.lines(), before);
}

#[tokio::test(start_paused = true)]
async fn a_step_done_by_hand_answers_no_early_question() {
    let mut bench = Bench::new(
        "
        id: first, on: source
        id: beside, on: destination
        id: last, needs: [first, beside], preconditions: [{ expr: \"inventory.metadata.name == 'other'\", early: true }]
        ",
    );
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    bench.take_over().await;
    bench.stand.put("first", 2);
    bench
        .adopt("first", &word(false))
        .await
        .expect("it is done");
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed, "{:?}", bench.lines());
    assert_eq!(bench.stand.attempts(), [""; 0], "{:?}", bench.lines());
}
