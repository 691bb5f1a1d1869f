//! The three questions, asked of one stage where the walk has come to it.

use std::time::Duration;
use std::time::Instant;

use sms_plan::action::ActionError;
use sms_plan::action::Context;
use sms_plan::run::Outcome;
use sms_plan::run::Place;
use sms_plan::run::Probe;
use sms_plan::run::Standing;

use super::long;
use super::picture::NEVER_RETURNS;
use super::picture::PASSES;
use super::picture::Picture;
use super::walk::Sight;
use super::walk::Walk;

/// How often an attempt that may heal is made, as the engine would.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// How an action answers to its undo.
struct Undo {
    /// What a probe says afterwards.
    standing: Standing,
    /// What the picture need not have back.
    except: &'static [&'static str],
}

fn undo_of(uses: &str) -> Undo {
    match uses {
        // A boot has no inverse and needs none; what `clear` removed was this run's own.
        "host.restart" | "account.clear" => Undo {
            standing: Standing::After,
            except: &[
                "boot",
                "whenChanged",
                "addresses",
                "account",
                "sudoers",
                "homes",
            ],
        },
        // A join sets a new machine password, and the object it leaves behind knows that one only.
        "domain.join" => Undo {
            standing: Standing::Before,
            except: &NEVER_RETURNS,
        },
        // The keytab of the old name comes back with the undo of the leave, which has it sealed; the
        // source's old addresses end with any boot, also with that of a power cut.
        "host.rename" => Undo {
            standing: Standing::Before,
            except: &["boot", "whenChanged", "keytab", "addresses"],
        },
        _ => Undo {
            standing: Standing::Before,
            except: &PASSES,
        },
    }
}

impl Walk {
    /// Asks one stage, and leaves it done.
    pub(super) async fn stage(&mut self, position: usize) {
        let uses = self.plan.stages[position].uses.clone();
        if !(self.only.is_empty() || self.only.contains(&uses) || long()) {
            self.start(position).await.expect("it may begin");
            let outcome = self.apply(position, "once").await;
            self.succeed(position, outcome).await;
            return;
        }
        self.asked.insert(uses.clone());
        self.plant(position, &uses).await;
        let before = Picture::take(&self.directory).await;
        self.start(position).await.expect("it may begin");
        let changes = self.registry.changes(&uses);
        if changes {
            let probe = self.probe(position).await;
            let done = uses == "names.remove_alternates" && probe.standing == Standing::After;
            if !done && probe.standing != Standing::Before {
                let said = format!("{:?} ({})", probe.standing, probe.saw);
                self.fault(position, "a look before", &said);
            }
        }
        let began = Instant::now();
        let outcome = self.apply(position, "once").await;
        let took = began.elapsed();
        self.up(&self.context(position)).await;
        self.expect(position, Standing::After, "once", changes)
            .await;
        self.compare_outcomes(position, &outcome, changes).await;
        let after = Picture::take(&self.directory).await;

        self.start(position).await.expect("it may begin again");
        self.apply(position, "twice").await;
        self.up(&self.context(position)).await;
        let again = Picture::take(&self.directory).await;
        for difference in after.differences(&again, &["whenChanged"]) {
            self.fault(position, "twice", &difference);
        }
        self.expect(position, Standing::After, "twice", changes)
            .await;

        self.take_back(position, &outcome, &before, "undo").await;
        self.take_back(position, &outcome, &before, "undo twice")
            .await;
        if changes {
            self.cuts(position, &uses, took, &outcome, (&before, &after))
                .await;
        }

        self.start(position).await.expect("it may begin anew");
        let outcome = self.apply(position, "again after the undo").await;
        self.up(&self.context(position)).await;
        self.expect(position, Standing::After, "again after the undo", changes)
            .await;
        self.succeed(position, outcome).await;
    }

    /// Makes sure that there is something to change where the lab would have nothing.
    async fn plant(&mut self, position: usize, uses: &str) {
        let cx = self.context(position);
        if uses == "names.remove_alternates" {
            let host = cx.host().await.expect("the server answers");
            host.set_alternates(&["LINGERS".to_owned()], "LAB.TEST")
                .await
                .expect("a planted name");
        }
        if uses == "account.clear" {
            let host = cx.host().await.expect("the server answers");
            let account = sms_plan::host::NewAccount {
                name: "MsftSmsStorMigratSvc".to_owned(),
                password: "not-for-long".into(),
                public_key: None,
            };
            host.create_account(&account)
                .await
                .expect("a planted account");
        }
    }

    pub(super) async fn apply(&mut self, position: usize, question: &str) -> Outcome {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let cx = self.context(position);
            match self.action(position).apply(&cx).await {
                Ok(outcome) => return outcome,
                Err(error) if error.heals() && attempt < ATTEMPTS => {
                    self.say(&format!("{question}: attempt {attempt}: {error}"));
                    tokio::time::sleep(PAUSE).await;
                    self.start(position).await.expect("it may begin again");
                }
                Err(error) => panic!("{}: {question}: {error}", self.plan.stages[position].id),
            }
        }
    }

    pub(super) async fn probe(&self, position: usize) -> Probe {
        self.look(position, &self.context(position)).await
    }

    async fn look(&self, position: usize, cx: &Context) -> Probe {
        let answer = async {
            cx.settle().await?;
            self.action(position).probe(cx).await
        };
        answer.await.unwrap_or_else(|error: ActionError| {
            Probe::new(Standing::Unreachable, format!("error: {error}"))
        })
    }

    pub(super) async fn expect(
        &mut self,
        position: usize,
        standing: Standing,
        question: &str,
        changes: bool,
    ) {
        if !changes {
            return;
        }
        let probe = self.probe(position).await;
        if probe.standing != standing {
            let said = format!("the probe says {:?} ({})", probe.standing, probe.saw);
            self.fault(position, question, &said);
        }
    }

    /// What a look hands back must be what the attempt would have: a resume goes on with it.
    async fn compare_outcomes(&mut self, position: usize, applied: &Outcome, changes: bool) {
        if !changes {
            return;
        }
        let seen = self.probe(position).await.outcome;
        if seen.reach != applied.reach {
            let said = format!("reach {:?} against {:?}", seen.reach, applied.reach);
            self.fault(position, "the outcome of a look", &said);
        }
        if seen.forget != applied.forget {
            self.fault(
                position,
                "the outcome of a look",
                "it forgets other secrets",
            );
        }
        let mut wanted = applied.output.clone();
        let mut output = seen.output;
        for passing in ["dns", "removed"] {
            for value in [&mut wanted, &mut output] {
                if let Some(object) = value.as_object_mut() {
                    object.remove(passing);
                }
            }
        }
        if output != wanted {
            self.fault(
                position,
                "the outcome of a look",
                &format!("{output} against {wanted}"),
            );
        }
    }

    /// Takes the stage back, as a roll back would: the run knows where the server is, and where it
    /// was before the stage.
    pub(super) async fn take_back(
        &mut self,
        position: usize,
        outcome: &Outcome,
        before: &Picture,
        question: &str,
    ) {
        let (on, uses) = {
            let stage = &self.plan.stages[position];
            (stage.on, stage.uses.clone())
        };
        let mut after = Sight::default();
        let mut back = Sight::default();
        if let (Some(reach), Some(was)) = (outcome.reach.clone(), self.run.reach(on).cloned()) {
            after.reach.insert(on, reach.clone());
            after.planned.insert(on, was.clone());
            back.reach.insert(on, was);
            back.planned.insert(on, reach);
        }
        let cx = self.seeing(position, &after);
        if let Err(error) = self.action(position).undo(&cx).await {
            self.fault(position, question, &error.to_string());
            return;
        }
        if !self.registry.changes(&uses) {
            return;
        }
        let expected = undo_of(&uses);
        let probe = self.look(position, &self.seeing(position, &back)).await;
        if probe.standing != expected.standing {
            let said = format!("the probe says {:?} ({})", probe.standing, probe.saw);
            self.fault(position, question, &said);
        }
        let now = Picture::take(&self.directory).await;
        for difference in before.differences(&now, expected.except) {
            self.fault(position, question, &difference);
        }
    }

    /// The lab's name of the machine that a stage changes.
    pub(super) fn machine(&self, position: usize) -> Option<&'static str> {
        match self.plan.stages[position].on {
            Place::Source => Some("fs01"),
            Place::Destination => Some("fs02"),
            _ => None,
        }
    }
}
