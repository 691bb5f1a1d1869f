//! Stages that take much longer than usual are told of, and nothing else comes of it.

use insta::assert_snapshot;
use serde_json::{Value, json};
use sms_plan::report::{stall_json, stalled};
use sms_plan::run::RunState;

use super::bench::Bench;
use super::stand::Fault;

#[tokio::test(start_paused = true)]
async fn a_stage_that_hangs_is_told_of_at_four_times_its_usual_duration_and_each_time_that_doubles()
{
    let mut bench = Bench::new(
        "
        id: quick, on: source
        id: slow, on: source, needs: [quick], timeout: 1h, retry: { attempts: 1 }
        ",
    );
    bench.stand.order("slow", &[Fault::HangsBetween]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    let told: Vec<u64> = bench.stalls.iter().map(|stall| stall.seconds).collect();
    assert_eq!(told, [360, 720, 1440, 2880]);
    assert!(
        bench
            .stalls
            .iter()
            .all(|stall| stall.stage.as_str() == "slow")
    );
    bench.check("stalled");
    // Causes are those of the system on which the stage acts.
    assert_snapshot!(stalled(&bench.stalls[1], "12:09 min", "Mapping..."), @"
     51%  12:09 min  Mapping...  no progress for 12:00 min, usual 90 s
                    probable cause: somebody sits on it
                    probable cause: systemd is busy
    ");
    let line: Value = serde_json::from_str(&stall_json(&bench.stalls[1])).expect("a line");
    assert_eq!((&line["notice"], &line["v"]), (&json!("Stall"), &json!(1)));
    assert_eq!(
        (&line["seconds"], &line["usualSeconds"]),
        (&json!(720), &json!(90))
    );
    assert_eq!(line["causes"][0], "somebody sits on it");
    assert!(
        line.get("event").is_none() && line.get("seq").is_none(),
        "{line}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_is_told_of_too_and_a_delay_is_not() {
    // The delay is longer than four times what is usual here.
    let mut bench = Bench::new(
        "id: a, uses: test.look, timeout: 10m, retry: { attempts: 2, delay: 4m, factor: 1 }",
    );
    bench.stand.order("a", &[Fault::Passing]);
    bench.stand.mute("a");
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
    let told: Vec<u64> = bench.stalls.iter().map(|stall| stall.seconds).collect();
    assert_eq!(told, [120, 240, 480]);
}
