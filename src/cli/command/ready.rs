//! A run that can go on: what it needs is there, and this process drives it.

use std::path::Path;
use std::sync::Arc;

use crate::action::Credentials;
use crate::action::Registry;
use crate::action::World;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::logging;
use crate::cli::world;
use crate::engine::SystemClock;
use crate::engine::take_over;
use crate::run::Run;
use crate::run::RunId;
use crate::store::KeySource;
use crate::store::Lease;
use crate::store::Sealer;
use crate::store::Store;

/// A run with everything that it needs to go on.
pub(super) struct Ready<'a> {
    pub(super) pair: Pair,
    pub(super) registry: Registry,
    pub(super) world: Arc<World>,
    pub(super) store: Arc<dyn Store>,
    pub(super) sealer: Sealer,
    pub(super) lease: Lease,
    pub(super) run: Run,
    pub(super) state: &'a Path,
}

impl<'a> Ready<'a> {
    /// Takes over a run that was begun before. Whatever would end it at its first stage (a password
    /// that is not set, another key, a directory that refuses us) is told before that.
    pub(super) async fn taken_over(
        pair: Pair,
        registry: Registry,
        store: Arc<dyn Store>,
        run: &Run,
        state: &'a Path,
        verbose: u8,
    ) -> Result<Self, CliError> {
        let credentials = Credentials::fetch(&pair.inventory)?;
        let sealer = Sealer::new(KeySource::from_environment()?);
        prove_key(store.as_ref(), &sealer, run.id()).await?;
        let inventory = &pair.inventory;
        let world = world::real(state, run.id(), inventory, &credentials, &store, &sealer)?;
        world.prove_directory().await?;
        let (lease, run) = take_over(store.as_ref(), &SystemClock, run).await?;
        let log = world::run_folder(state, run.id()).join("log");
        logging::start(verbose, Some(&log))?;
        Ok(Self {
            pair,
            registry,
            world: Arc::new(world),
            store,
            sealer,
            lease,
            run,
            state,
        })
    }
}

/// Opens one of the run's sealed secrets: without their key the run would go on with another one,
/// and fail in the middle.
async fn prove_key(store: &dyn Store, sealer: &Sealer, id: &RunId) -> Result<(), CliError> {
    if let Some(secret) = store.any_secret(id).await? {
        sealer.open(id, &secret.name, &secret.sealed)?;
    }
    Ok(())
}
