//! The third question: an attempt that is cut anywhere leaves something that a look names truly and
//! that the same action finishes.

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sms_plan::run::Outcome;
use sms_plan::run::Standing;

use super::lab;
use super::long;
use super::on;
use super::picture::NEVER_RETURNS;
use super::picture::Picture;
use super::walk::Walk;

/// What ends an attempt early.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The orchestrator dies; what it began on the machine goes on by itself.
    Orphan,
    /// The operation dies on the machine as well, with all its processes.
    Kill,
    /// The machine loses its power, and gets it back.
    Power,
}

/// Kills the group of the operation that holds the lock, if it still is one of ours.
const KILL: &str = r#"
pid=$(sed -n 's/^process \([0-9]*\) .*/\1/p' /var/lib/sms-plan/holder 2>/dev/null)
[ -n "$pid" ] && grep -q timeout "/proc/$pid/cmdline" 2>/dev/null && kill -9 "-$pid" && echo killed
"#;

/// Which cuts an action gets: those that have more than one step, or change the way to the machine.
fn kinds(uses: &str) -> &'static [Cut] {
    match uses {
        "host.rename" => &[Cut::Kill, Cut::Orphan, Cut::Power],
        // An orphaned change of addresses is waited for until the machine takes it back: a minute.
        "network.map" if long() => &[Cut::Kill, Cut::Power, Cut::Orphan],
        "network.map" => &[Cut::Kill, Cut::Power],
        "domain.leave" | "domain.join" => &[Cut::Kill, Cut::Orphan, Cut::Kill],
        "account.create" | "account.remove" => &[Cut::Kill, Cut::Orphan],
        "names.set_alternates" | "names.remove_alternates" => &[Cut::Kill],
        "directory.copy_permissions" => &[Cut::Orphan],
        _ => &[],
    }
}

impl Walk {
    /// Cuts the stage's attempts at moments that the seed chooses; it is not done before, nor after.
    pub(super) async fn cuts(
        &mut self,
        position: usize,
        uses: &str,
        took: Duration,
        outcome: &Outcome,
        (before, after): (&Picture, &Picture),
    ) {
        // A boot cannot be taken back, so there is nothing left to cut.
        if uses == "host.restart" {
            return;
        }
        let value = |name| {
            std::env::var(name)
                .ok()
                .and_then(|text: String| text.parse::<u64>().ok())
        };
        let seed = value("SMS_PLAN_SEED").unwrap_or(7);
        let kinds = kinds(uses);
        let times = if long() { 18 } else { kinds.len().min(2) };
        // The source's old addresses end with any boot, also with that of a power cut.
        let passes: &[&str] = if uses == "host.rename" {
            &["addresses"]
        } else {
            &[]
        };
        let cut_passes = [
            &NEVER_RETURNS[..],
            &["DNS", "dns", "object FS01-OLD"],
            passes,
        ]
        .concat();
        let end_passes = [&NEVER_RETURNS[..], &["guid", "sid", "descriptor"], passes].concat();
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(position as u64));
        for cut in kinds.iter().cycle().skip(position % 3).take(times) {
            let delay = took.mul_f64(random.random_range(0.05..1.0));
            let what = format!(
                "{cut:?} after {} of {} ms",
                delay.as_millis(),
                took.as_millis()
            );
            self.start(position).await.expect("it may begin");
            let found = self.cut_off(position, *cut, delay).await;
            let probe = self.probe(position).await;
            self.say(&format!(
                "    {what}{found}: {:?} ({})",
                probe.standing, probe.saw
            ));
            let now = Picture::take(&self.directory).await;
            let truth = match probe.standing {
                Standing::Before => Some(before),
                Standing::After => Some(after),
                Standing::Between => None,
                other => {
                    self.fault(
                        position,
                        &what,
                        &format!("the probe says {other:?} ({})", probe.saw),
                    );
                    None
                }
            };
            if let Some(truth) = truth {
                for difference in truth.differences(&now, &cut_passes) {
                    self.fault(
                        position,
                        &format!("{what}, said to be {:?}", probe.standing),
                        &difference,
                    );
                }
            }
            self.start(position).await.expect("it may begin again");
            self.apply(position, &what).await;
            self.up(&self.context(position)).await;
            self.expect(position, Standing::After, &what, true).await;
            let now = Picture::take(&self.directory).await;
            for difference in after.differences(&now, &end_passes) {
                self.fault(position, &format!("{what}, finished"), &difference);
            }
            self.take_back(position, outcome, before, &format!("{what}, undone"))
                .await;
        }
    }

    /// Returns what the cut met, for a reader.
    async fn cut_off(&mut self, position: usize, cut: Cut, delay: Duration) -> &'static str {
        let action = self.action(position);
        let cx = self.context(position);
        let attempt = tokio::spawn(async move { action.apply(&cx).await });
        tokio::time::sleep(delay).await;
        attempt.abort();
        // What is done already cannot be cut any more.
        let ended = matches!(attempt.await, Ok(Ok(_)));
        match (cut, self.machine(position)) {
            (Cut::Kill, Some(machine)) if on(machine, KILL).contains("killed") => {
                return ", killed";
            }
            (Cut::Power, Some(machine)) => {
                lab(&["kill", machine]);
                lab(&["power", machine]);
                self.up(&self.context(position)).await;
            }
            _ => {}
        }
        if ended { ", too late" } else { "" }
    }
}
