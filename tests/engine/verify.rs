//! A finished run is looked at, stage by stage, and nothing is changed.

use sms_plan::run::{Standing, Verdict};

use super::bench::Bench;

const MIXED: &str = "
    id: look, uses: test.look, on: source
    id: stands, on: source, needs: [look]
    id: never, needs: [look], when: \"inventory.metadata.name == 'other'\"
    id: gone, on: source, needs: [stands]
    id: blind, on: destination, needs: [look]
    id: mute, on: destination, needs: [blind], timeout: 7s
    id: note, uses: control.note, with: { text: hello }, needs: [gone]
";

#[tokio::test(start_paused = true)]
async fn each_stage_says_whether_it_stands() {
    let mut bench = Bench::new(MIXED);
    bench.apply().await.expect("nothing cuts it off");
    let before = bench.lines();
    bench.stand.put("gone", 1);
    bench.stand.blind("blind");
    bench.stand.mute("mute");
    let text = str::to_owned;
    let expected = [
        Verdict::ChangesNothing,
        Verdict::Stands(text("2 of 2 halves are there")),
        Verdict::NotOnPath,
        Verdict::Differs(text("1 of 2 halves are there")),
        Verdict::CannotTell(text("nobody can look")),
        Verdict::Differs(text("nobody answered within 7s")),
        Verdict::ChangesNothing,
    ];
    assert_eq!(bench.verify().await, expected);
    bench.stand.say("stands", Standing::Foreign);
    let again = bench.verify().await;
    assert!(matches!(again[1], Verdict::Differs(_)), "{again:?}");
    assert_eq!(
        bench.lines(),
        before,
        "a look leaves nothing in the journal"
    );
}
