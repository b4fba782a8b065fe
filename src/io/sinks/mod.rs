//! Sinks: the settings they are written with, what each kind must be able to do, and the list of kinds.

mod file;
mod kinds;
mod settings;
pub(super) mod target;

pub use kinds::KINDS;
pub use settings::{ModeName, PineconeTable, RefusedSetting, SettingPlaces, SinkTable, definitions_in, seconds};
pub(super) use settings::{refuse, table_settings};
pub(super) use target::landed;
pub use target::{
    Applied, Applying, Difference, JournalledSink, Landed, Noting, OwnWrite, SinkTarget, SinkWrite, TransactionSink,
    Writing,
};
