//! What the files say: plans and inventories, read, checked and typed.
//!
//! Loading passes a text through types that cannot be skipped: [`Source`], a surveyed document, its
//! value against the schema and the checks, and only then a [`Plan`] or an [`Inventory`]. All faults
//! of a file are reported at once, each with its place.

mod accept;
mod catalogue;
mod check;
pub mod codes;
mod diagnostic;
mod diff;
mod document;
mod duration;
mod edit;
mod expression;
mod findings;
mod foresee;
mod graph;
mod inventory;
mod kinds;
mod load;
mod model;
mod opening;
mod outlook;
mod pair;
mod path;
mod places;
mod pointer;
mod reach;
mod reason;
mod roots;
mod schema;
mod shape;
mod source;
mod spec;
mod template;
mod upgrade;
mod value;
mod vocabulary;
mod weights;

pub use accept::{ACCEPTABLE, NotAccepted};
pub use catalogue::{Catalogue, Identity, Moot, Nature, Part, Signature, Undo};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub(crate) use diff::one_line;
pub use diff::{
    FieldChange, InventoryDifference, Moved, PathDifference, PlanDifference, Presence,
    StageDifference, compare, compare_inventories,
};
pub use duration::{DurationError, DurationText};
pub use edit::{Concern, Edit, EditKind, How, inventory_edits, plan_edits};
pub use expression::{Expression, ExpressionError, Reference};
pub use findings::{Finding, Findings};
pub use inventory::{
    AdapterChange, Credential, DirectorySpec, HostSpec, Inventory, InventoryMetadata, LdapSecurity,
    Mapping, NewName, Os, Prefixed, PrefixedError, Route, Scope, SecretRef, StaticAddresses,
    TransportKind, load_inventory,
};
pub use kinds::{Kind, Pair, Server, kinds};
pub use load::load_plan;
pub use model::{Defaults, Loaded, Plan, Precondition, Question, Retry, Stage};
pub use opening::{FileKind, Opening};
pub use outlook::{Mark, NoReturn, Outage, Outlook, can_be_undone, outlook};
pub use pair::check_pair;
pub use path::{PathRow, Runs, path, why_skipped};
pub use roots::{ROOTS, Roots};
pub use schema::{schema_of_inventory, schema_of_plan};
pub use source::{LARGEST_FILE, Source};
pub use spec::{API_VERSION, Basis, DirectoryRight, HostPlace, Metadata};
pub use template::{Template, TemplateError};
pub use upgrade::upgrade;
