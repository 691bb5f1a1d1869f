//! The actions as plans see them: those that the program really has.

use sms_plan::action::Registry;
use sms_plan::plan::Catalogue;

pub(super) fn all() -> Catalogue {
    Registry::standard().catalogue()
}
