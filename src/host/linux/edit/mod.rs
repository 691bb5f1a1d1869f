//! Changes of configuration files as functions from text to text.
//!
//! What a file says that we do not know stays as it is, byte for byte.

pub(super) mod hosts;
pub(super) mod keytab;
pub(super) mod networkd;
pub(super) mod smb_conf;
