//! Machines that answer and on which nothing is ever at work. What stages of these tests change is
//! not on them but in the [`super::stand::Stand`].

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use sms_plan::host::{
    AccountState, Adapter, DomainSecrets, Facts, Guard, Host, HostError, HostErrorKind,
    HostSnapshot, JoinCredential, JoinTarget, Logon, Machines, Membership, MembershipQuestion,
    Naming, NetworkChange, NewAccount, Obeyed, Part, Pin, RestartAnswer, ScriptResult, ScriptRun,
    Services,
};
use sms_plan::run::{Place, Reach};

/// Opens quiet machines.
pub(super) struct QuietMachines;

#[async_trait]
impl Machines for QuietMachines {
    async fn open(
        &self,
        _: Place,
        _: &Reach,
        _: &Logon,
        _: Option<&Pin>,
        _: Guard,
        _: bool,
    ) -> Result<Arc<dyn Host>, HostError> {
        Ok(Arc::new(QuietHost))
    }

    async fn close(&self, _: Place) {}

    async fn close_all(&self) {}
}

struct QuietHost;

fn unsupported<T>(what: &str) -> Result<T, HostError> {
    Err(HostError {
        what: what.to_owned(),
        kind: HostErrorKind::Unsupported {
            words: "these machines only answer".to_owned(),
        },
    })
}

macro_rules! quiet_host {
    ($($operation:ident($($given:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Host for QuietHost {
            fn pin(&self) -> Pin {
                Pin { host_keys: Vec::new(), machine_id: "quiet".to_owned(), known_before: true }
            }

            async fn settle(&self) -> Result<(), HostError> {
                Ok(())
            }

            $(async fn $operation(&self, $(_: $given),*) -> Result<$answer, HostError> {
                unsupported(stringify!($operation))
            })*
        }
    };
}

quiet_host! {
    facts() -> Facts;
    snapshot() -> HostSnapshot;
    boot() -> String;
    account(&str) -> AccountState;
    membership(&MembershipQuestion) -> Membership;
    naming(&Naming) -> Vec<Part>;
    network() -> Vec<Adapter>;
    mapping(&NetworkChange) -> Vec<Part>;
    alternates(&[String]) -> Vec<Part>;
    keytab_holds(&[u8]) -> bool;
    free_mib(&str) -> u64;
    obeys() -> Option<Obeyed>;
    record() -> Value;
    services() -> Services;
    token_filter() -> Option<u32>;
    set_fence() -> ();
    clear_fence() -> ();
    create_account(&NewAccount) -> ();
    remove_account(&str) -> ();
    leave(&JoinCredential, &str) -> ();
    join(&JoinCredential, &JoinTarget) -> ();
    rename(&Naming) -> ();
    map_network(&NetworkChange) -> ();
    confirm_network(&NetworkChange) -> ();
    announce(&[String]) -> Vec<Part>;
    restart(&str) -> RestartAnswer;
    set_alternates(&[String], &str) -> ();
    remove_alternates() -> ();
    merge_keytab(&[u8]) -> ();
    restore_domain_secrets(&DomainSecrets) -> ();
    restore_names(&Value) -> ();
    set_token_filter(Option<u32>) -> ();
    run_script(&ScriptRun) -> ScriptResult;
}
