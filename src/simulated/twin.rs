//! The twin as one value: `state + operation -> state + outcome`, and what the clock brings.
//!
//! Nothing here waits and nothing is asynchronous. Whatever happens later stands in [`Twin::due`];
//! [`Twin::advance`] lets it happen in its order. A change that has begun is one of these things, so
//! it ends whether or not anybody waits for it, as it does on a real machine.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::account;
use super::change::Change;
use super::change::Done;
use super::change::Outcome;
use super::client;
use super::client::Client;
use super::domain::Domain;
use super::fault::Faults;
use super::fault::Under;
use super::machine::Key;
use super::machine::Machine;
use super::membership;
use super::naming;
use super::network;
use super::policy;
use super::restart;
use super::timing::Millis;
use super::witness::Witness;
use crate::directory::Guid;
use crate::directory::Sid;
use crate::host::HostErrorKind;
use crate::run::Place;
use crate::run::RunId;

/// Two servers, their network and their domain.
pub(super) struct Twin {
    pub(super) now: Millis,
    pub(super) machines: BTreeMap<Place, Machine>,
    pub(super) domain: Option<Domain>,
    /// Addresses that somebody else holds.
    pub(super) strangers: BTreeSet<IpAddr>,
    /// Who held an address first.
    pub(super) first_holder: BTreeMap<IpAddr, Place>,
    /// Whether a DHCP server answers in the servers' networks.
    pub(super) dhcp: bool,
    /// The name that clients ask for.
    pub(super) old_name: String,
    /// Whether clients find it by the domain.
    pub(super) by_domain: bool,
    pub(super) client: Client,
    pub(super) faults: Faults,
    pub(super) witness: Witness,
    /// The object that must survive, and its SID.
    pub(super) identity: Option<(Guid, Sid)>,
    /// What must never be and was.
    pub(super) wrongs: Vec<String>,
    /// How often each machine was restarted.
    pub(super) restarts: BTreeMap<Place, u32>,
    /// What the inventory does not say and was assumed.
    pub(super) assumed: Vec<String>,
    due: BTreeMap<(Millis, u64), Due>,
    works: BTreeMap<u64, Work>,
    next: u64,
    random: StdRng,
}

/// Something that happens at its time.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// A change has its effect.
    Effect(u64),
    GoesDown {
        place: Place,
        comes_back: bool,
    },
    ComesUp(Place),
    /// A machine's own wait for a confirmation is over.
    TakesBack {
        place: Place,
        adapter: String,
        token: String,
    },
    RefreshesPolicy(Place),
    /// Nothing but another look of the client.
    Look,
}

/// A change under way.
struct Work {
    place: Place,
    run: RunId,
    change: Change,
    how: Extent,
    outcome: Option<Outcome>,
}

/// How much of a change happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// It is cut in the middle.
    Part,
    /// It says that it is done and has done nothing.
    Pretended,
    /// It never happens and never answers.
    Never,
    /// The restart is not followed by a start.
    WithoutReturn,
}

impl Twin {
    pub(super) fn new(machines: Vec<Machine>, domain: Option<Domain>, random: StdRng) -> Self {
        let restarts = machines.iter().map(|machine| (machine.place, 0)).collect();
        let machines = machines.into_iter().map(|machine| (machine.place, machine));
        Self {
            now: 0,
            machines: machines.collect(),
            domain,
            strangers: BTreeSet::new(),
            first_holder: BTreeMap::new(),
            dhcp: true,
            old_name: String::new(),
            by_domain: false,
            client: Client::default(),
            faults: Faults::default(),
            witness: Witness::default(),
            identity: None,
            wrongs: Vec::new(),
            restarts,
            assumed: Vec::new(),
            due: BTreeMap::new(),
            works: BTreeMap::new(),
            next: 0,
            random,
        }
    }

    pub(super) fn machine(&self, place: Place) -> &Machine {
        self.machines
            .get(&place)
            .expect("a twin has both servers and the orchestrator")
    }

    pub(super) fn machine_mut(&mut self, place: Place) -> &mut Machine {
        self.machines
            .get_mut(&place)
            .expect("a twin has both servers and the orchestrator")
    }

    pub(super) fn domain(&self) -> Result<&Domain, HostErrorKind> {
        self.domain.as_ref().ok_or_else(no_domain)
    }

    pub(super) fn domain_mut(&mut self) -> Result<&mut Domain, HostErrorKind> {
        self.domain.as_mut().ok_or_else(no_domain)
    }

    /// Notes it as wrong where the journal does not allow a change.
    pub(super) fn compare(&mut self, under: Option<&Under>, what: &str) {
        let objection = self.witness.objection(under, what);
        self.wrongs.extend(objection);
    }

    pub(super) fn draw(&mut self) -> u128 {
        self.random.random()
    }

    /// A span with a tenth more or less, as no two restarts take the same time.
    pub(super) fn around(&mut self, span: Millis) -> Millis {
        span * self.random.random_range(90..=110) / 100
    }

    /// Lets something happen later.
    pub(super) fn later(&mut self, at: Millis, due: Due) {
        self.next += 1;
        self.due.insert((at, self.next), due);
    }

    pub(super) fn is_due(&self, which: impl Fn(&Due) -> bool) -> bool {
        self.due.values().any(which)
    }

    /// Lets everything happen whose time has come.
    pub(super) fn advance(&mut self, to: Millis) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= to
        {
            let ((at, _), due) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(due);
            self.observe();
        }
        self.now = self.now.max(to);
        self.observe();
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Effect(work) => self.effect(work),
            Due::GoesDown { place, comes_back } => restart::goes_down(self, place, comes_back),
            Due::ComesUp(place) => {
                *self.restarts.entry(place).or_default() += 1;
                restart::comes_up(self, place);
                self.look_when_ready(place);
            }
            Due::TakesBack {
                place,
                adapter,
                token,
            } => network::take_back(self, place, &adapter, &token),
            Due::RefreshesPolicy(place) => policy::refresh(self, place),
            Due::Look => {}
        }
    }

    /// A client notices when the file service of a machine is there.
    fn look_when_ready(&mut self, place: Place) {
        if let super::machine::Power::On { files, .. } = self.machine(place).power {
            self.later(files, Due::Look);
        }
    }

    /// Begins a change that has its effect at `at`, and holds the machine's lock until then.
    pub(super) fn begin(
        &mut self,
        place: Place,
        run: RunId,
        change: Change,
        how: Extent,
        at: Millis,
    ) -> u64 {
        self.next += 1;
        let number = self.next;
        self.machine_mut(place).at_work = Some(number);
        let work = Work {
            place,
            run,
            change,
            how,
            outcome: None,
        };
        self.works.insert(number, work);
        self.later(at, Due::Effect(number));
        number
    }

    /// What a change came to, once it has ended; `None` where the machine went down under it.
    pub(super) fn take(&mut self, number: u64) -> Option<Outcome> {
        self.works.remove(&number)?.outcome
    }

    /// Ends what is at work on a machine without its effect.
    pub(super) fn cut_work(&mut self, place: Place) {
        let ended = |work: &Work| work.place == place && work.outcome.is_none();
        let numbers: Vec<u64> = self
            .works
            .iter()
            .filter(|(_, work)| ended(work))
            .map(|(number, _)| *number)
            .collect();
        self.due
            .retain(|_, due| !matches!(due, Due::Effect(work) if numbers.contains(work)));
        self.works.retain(|number, _| !numbers.contains(number));
    }

    fn effect(&mut self, number: u64) {
        let Some(work) = self.works.get(&number) else {
            return;
        };
        let (place, change, how) = (work.place, work.change.clone(), work.how);
        let run = work.run.clone();
        let outcome = match how {
            Extent::Pretended | Extent::Never => Ok(change.done()),
            Extent::Whole | Extent::Part | Extent::WithoutReturn => {
                self.carry_out(place, &run, &change, how)
            }
        };
        let machine = self.machine_mut(place);
        if machine.at_work == Some(number) {
            machine.at_work = None;
        }
        if let Some(work) = self.works.get_mut(&number) {
            work.outcome = Some(outcome);
        }
    }

    /// The one table of what each change does.
    fn carry_out(&mut self, place: Place, run: &RunId, change: &Change, how: Extent) -> Outcome {
        let whole = how != Extent::Part;
        match change {
            Change::Leave(user) => return membership::leave(self, place, user, whole),
            Change::Join(user, target) => {
                return membership::join(self, place, user, target, whole);
            }
            Change::Rename(naming) => return naming::rename(self, place, naming, whole),
            // The others are one step each: cut in the middle they have not happened. The fence is
            // kept by `begin`'s caller, which alone knows the epoch.
            Change::Fence => {}
            Change::CreateAccount(new) => return account::create(self, place, new, whole),
            // Names are set and removed one by one.
            Change::SetAlternates(names) => {
                let part = if whole { names.len() } else { names.len() / 2 };
                naming::set_alternates(self, place, &names[..part]);
            }
            Change::RemoveAlternates => {
                let alternates = &mut self.machine_mut(place).alternates;
                let left = if whole { 0 } else { alternates.len() / 2 };
                alternates.truncate(left);
            }
            _ if !whole => {}
            Change::Unfence => self.machine_mut(place).fence = None,
            Change::RemoveAccount(name) => return account::remove(self, place, name, run),
            Change::SetTokenFilter(value) => policy::set(self, place, *value),
            Change::RestoreNames(names) => naming::restore(self, place, names),
            Change::Map(change) => return network::map(self, place, change),
            Change::Confirm(confirmation) => return network::confirm(self, place, confirmation),
            Change::Restart { boot } => {
                return restart::restart(self, place, boot, how != Extent::WithoutReturn);
            }
            Change::MergeKeytab(keys) => self.machine_mut(place).keytab.extend(keys),
            Change::RestoreSecrets(secrets) => {
                let machine = self.machine_mut(place);
                machine.member = secrets.member;
                machine.keytab.clone_from(&secrets.keytab);
                machine.settled = true;
            }
            Change::Script(stage) => {
                self.machine_mut(place).scripts.insert(stage.clone());
            }
        }
        Ok(Done::Nothing)
    }

    /// Registers a machine's addresses under its name, as the account that it is.
    pub(super) fn register_in_dns(&mut self, place: Place) {
        let now = self.now;
        let machine = self.machine(place);
        let Some(Key { account, .. }) = machine.member else {
            return;
        };
        let live = machine.nics.iter().flat_map(|nic| &nic.live);
        let addresses: BTreeSet<IpAddr> = live.map(|live| live.address).collect();
        let name = if machine.system.is_windows() {
            machine.name.clone()
        } else {
            machine.smb_name.clone()
        };
        if let Some(domain) = &mut self.domain {
            // Refused for a record of another account; a join succeeds all the same.
            let _refused = domain.zone.register(&name, account, addresses, now);
            if let Some(at) = domain.zone.next_change(now) {
                self.later(at, Due::Look);
            }
        }
    }

    /// Looks as a client does, and for what must never be.
    fn observe(&mut self) {
        let served = client::served(self);
        self.client.observe(self.now, served);
        let mut holders: BTreeMap<IpAddr, Vec<Place>> = BTreeMap::new();
        for machine in self.machines.values().filter(|machine| machine.is_on()) {
            for live in machine.nics.iter().flat_map(|nic| &nic.live) {
                holders.entry(live.address).or_default().push(machine.place);
            }
        }
        self.first_holder
            .retain(|address, place| holders.get(address).is_some_and(|all| all.contains(place)));
        let mut wrongs = Vec::new();
        for (address, places) in &holders {
            if let [only] = places.as_slice() {
                self.first_holder.insert(*address, *only);
            } else {
                wrongs.push(format!("two running servers hold {address}"));
            }
        }
        let [source, destination] = [Place::Source, Place::Destination].map(|at| self.machine(at));
        if source.is_on()
            && destination.is_on()
            && source.name.eq_ignore_ascii_case(&destination.name)
        {
            wrongs.push(format!("two running servers are called `{}`", source.name));
        }
        if let (Some((guid, sid)), Some(domain)) = (&self.identity, &self.domain) {
            let kept = domain
                .account(guid)
                .is_some_and(|there| there.computer.sid == *sid);
            if !kept {
                wrongs.push(format!("the identity {guid} ({sid}) is lost"));
            }
        }
        for wrong in wrongs {
            if !self.wrongs.contains(&wrong) {
                self.wrongs.push(wrong);
            }
        }
    }
}

fn no_domain() -> HostErrorKind {
    HostErrorKind::DomainUnreachable {
        words: "there is no domain".to_owned(),
    }
}
