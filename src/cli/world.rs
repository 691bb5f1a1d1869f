//! The real world for a run: SSH to both servers, LDAP to the directory, the key for its secrets.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::CliError;
use crate::action::Credentials;
use crate::action::World;
use crate::directory::Connection;
use crate::directory::Encryption;
use crate::directory::LdapDirectory;
use crate::host::Connections;
use crate::plan::DirectorySpec;
use crate::plan::Inventory;
use crate::plan::LdapSecurity;
use crate::run::Place;
use crate::run::RunId;
use crate::store::Holder;
use crate::store::Sealer;
use crate::store::Store;
pub(super) use crate::store::run_folder;

/// The limit for connecting to the directory, and for each operation.
const DIRECTORY_TIMEOUT: Duration = Duration::from_secs(20);

/// Puts the world of one run together; nothing is connected yet.
pub(super) fn real(
    state: &Path,
    run: &RunId,
    inventory: &Arc<Inventory>,
    credentials: &Credentials,
    store: &Arc<dyn Store>,
    sealer: &Sealer,
) -> Result<World, CliError> {
    let holder = Holder::this_process();
    let orchestrator = format!("{} (process {})", holder.machine, holder.pid);
    let connections = Connections::new(run_folder(state, run).join("ssh"), run.clone());
    let mut world = World::new(Arc::clone(inventory), credentials.clone(), orchestrator)
        .with_machines(Arc::new(connections))
        .with_orchestrator(run_folder(state, run))
        .with_vault(Arc::clone(store), sealer.clone());
    if let Some(spec) = &inventory.directory {
        world = world.with_directory(directory(inventory, spec, &spec.credential, credentials)?);
        for place in [Place::Source, Place::Destination] {
            let own = inventory
                .host(place)
                .and_then(|host| host.join_credential.as_ref());
            if let Some(own) = own.filter(|own| **own != spec.credential) {
                world = world.with_joining(place, directory(inventory, spec, own, credentials)?);
            }
        }
    }
    Ok(world)
}

fn directory(
    inventory: &Inventory,
    spec: &DirectorySpec,
    credential: &str,
    credentials: &Credentials,
) -> Result<Arc<LdapDirectory>, CliError> {
    let (bind_name, password) = credentials.password(credential)?;
    Ok(Arc::new(LdapDirectory::new(Connection {
        server: spec.server.clone(),
        address: spec.address.map(|address| address.to_string()),
        port: None,
        domain: spec.domain.clone(),
        ca_file: spec.ca_file.as_ref().map(|path| inventory.resolve(path)),
        bind_name,
        password,
        encryption: match spec.security {
            LdapSecurity::Ldaps => Encryption::Ldaps,
            LdapSecurity::Starttls => Encryption::StartTls,
        },
        timeout: DIRECTORY_TIMEOUT,
        dns: spec.dns.clone(),
    })))
}
