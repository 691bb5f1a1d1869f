//! The queue against an obvious scan of all stages.

use proptest::prelude::*;
use sms_plan::run::{Event, EventKind, Queue, Run, StageStatus};

use super::events::{Happening, config, happening, next_event, run_id, shape};

/// Every stage that has not begun and whose needs have all ended.
fn scan(run: &Run) -> Vec<usize> {
    let startable = |position: usize| {
        let stage = &run.shape().stages[position];
        let fresh = matches!(
            run.stage(position).status,
            StageStatus::Pending | StageStatus::InDoubt
        );
        fresh
            && stage
                .needs
                .iter()
                .all(|&need| run.stage(need).status.has_ended())
    };
    (0..run.shape().stages.len())
        .filter(|&position| startable(position))
        .collect()
}

fn end(run: &mut Run, position: usize, skip: bool) -> Event {
    let reason = String::new();
    let state = run.stage(position);
    let kind = if skip && state.status == StageStatus::Pending && state.begun.is_none() {
        EventKind::Skipped { reason }
    } else {
        EventKind::Succeeded {
            attempt: 1,
            output: serde_json::Value::Null,
            reach: None,
            duration_ms: 0,
            settled: None,
        }
    };
    let happening = Happening {
        stage: Some(position),
        kind,
        spoilt: None,
    };
    let mut event = next_event(run, &happening);
    // An edit may have put the stages into another order.
    event.stage = Some(run.shape().stages[position].id.clone());
    event
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn queue_equals_the_scan_from_any_journal_to_the_end(
        shape in shape(),
        happenings in prop::collection::vec(happening(), 0..40),
        choices in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 8),
    ) {
        let mut run = Run::new(run_id(), shape);
        for happening in &happenings {
            let event = next_event(&run, happening);
            // What does not fit is refused; see `fold.rs`.
            drop(run.fold(&event));
        }
        let mut queue = Queue::new(&run);
        prop_assert_eq!(queue.ready().collect::<Vec<_>>(), scan(&run));
        for (choice, skip) in choices {
            let ready = scan(&run);
            if ready.is_empty() {
                break;
            }
            let position = *choice.get(&ready);
            queue.take(position);
            prop_assert!(!queue.ready().any(|other| other == position));
            // Whoever could not start it after all puts it back.
            queue.put_back(position);
            prop_assert_eq!(queue.ready().collect::<Vec<_>>(), ready);
            queue.take(position);
            let event = end(&mut run, position, skip);
            run.fold(&event).expect("a ready stage can end");
            queue.end(position);
            prop_assert_eq!(queue.ready().collect::<Vec<_>>(), scan(&run));
        }
    }

    #[test]
    fn one_at_a_time_is_file_order_among_what_is_ready(shape in shape()) {
        let mut run = Run::new(run_id(), shape);
        let mut queue = Queue::new(&run);
        let mut order = Vec::new();
        loop {
            let next = queue.ready().next();
            let Some(position) = next else { break };
            prop_assert_eq!(Some(position), scan(&run).first().copied());
            order.push(position);
            let event = end(&mut run, position, false);
            run.fold(&event).expect("a ready stage can end");
            queue.end(position);
        }
        // The file is a topological order, so the earliest ready stage is always the next one.
        prop_assert_eq!(order, (0..run.shape().stages.len()).collect::<Vec<_>>());
        prop_assert!(run.is_complete());
    }
}
