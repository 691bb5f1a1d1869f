//! Actions on the directory alone.

mod copy_permissions;

pub(super) use copy_permissions::CopyPermissions;
